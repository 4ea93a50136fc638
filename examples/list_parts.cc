// What is in a message: subject, sender, parts, the text to read; attachments saved. The way that a
// program of somebody else uses the library: includes from src/, room_message to link.
//
//     list_parts FILE [FOLDER]     attachments go to FOLDER, which must be there; without: none
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <system_error>

#include "message/address_list.h"
#include "message/content.h"
#include "message/embedded.h"
#include "message/header.h"
#include "message/html_text.h"
#include "message/mime_tree.h"

namespace {

namespace message = ph::message;

/// A terminal acts on control characters: what strangers wrote is shown without them.
std::string shown(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  return line;
}

void list_header(const message::Header& header) {
  std::string buffer;
  if (const message::Field* subject = header.first("Subject")) {
    std::cout << "Subject: " << shown(message::readable_value(subject->value, buffer)) << '\n';
  }
  if (const message::Field* from = header.first("From")) {
    for (const message::Mailbox& mailbox : message::parse_address_list(from->value).mailboxes) {
      const std::string name = shown(mailbox.shown_name());
      std::cout << "From: " << name << (name.empty() ? "<" : " <") << shown(mailbox.address())
                << ">\n";
    }
  }
}

void list_parts(const message::MimeTree& tree) {
  for (std::uint32_t i = 0; i < tree.parts().size(); ++i) {
    const message::MimePart& part = tree.parts()[i];
    std::cout << "Part " << tree.section(i) << ": " << shown(part.type) << '/'
              << shown(part.subtype) << ", " << part.end - part.body << " octets";
    if (const std::string name = message::part_name(part); !name.empty()) {
      std::cout << ", " << shown(name);
    }
    std::cout << '\n';
  }
}

/// The text alternatives that there are; where there is HTML alone, what it says.
void print_text(const message::MimeTree& tree, const message::ReadableParts& readable) {
  for (const std::uint32_t index : readable.text) {
    const message::MimePart& part = tree.parts()[index];
    if (part.type != "text") continue;  // an image between two texts
    const message::PartText text = message::decoded_text(tree, part, message::TextLines::joined);
    std::cout << "Text, read as " << text.charset << (text.is_guess ? " (a guess)" : "") << ", "
              << text.faults << " faults:\n"
              << (part.subtype == "html" ? message::html_to_text(text.text) : text.text) << '\n';
    for (const message::EmbeddedFile& file : message::find_embedded(text.text)) {
      std::cout << "A file stands in the text: " << shown(file.name) << '\n';
    }
  }
}

/// In pieces, so that an attachment of any size takes some KiB of memory. Never over a file that is
/// there already. False when that failed.
bool save(const message::MimeTree& tree, std::uint32_t index, const std::filesystem::path& folder) {
  const message::MimePart& part = tree.parts()[index];
  std::string name = message::safe_file_name(message::part_name(part));
  if (name.empty()) name = "part-" + tree.section(index);
  if (std::filesystem::exists(folder / name)) name = tree.section(index) + "-" + name;
  std::ofstream file(folder / name, std::ios::binary);
  message::BodyReader reader(tree, part);
  std::string piece;
  for (piece.clear(); reader.next(piece); piece.clear()) file << piece;
  file.close();
  if (!file) return false;
  std::cout << "Saved: " << name << ", " << reader.faults().count() << " faults\n";
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: list_parts FILE [FOLDER]\n";
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const std::string octets{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    std::cerr << "cannot read " << argv[1] << '\n';
    return 2;
  }
  const message::MimeTree tree = message::parse_mime(octets);  // aliases `octets`
  const message::ReadableParts readable = message::readable_parts(tree);
  list_header(tree.header());
  list_parts(tree);
  print_text(tree, readable);
  if (argc == 3) {
    for (const std::uint32_t index : readable.attachments) {
      if (!save(tree, index, argv[2])) {
        std::cerr << "cannot write " << tree.section(index) << '\n';
        return 2;
      }
    }
  }
  std::cout << tree.findings_count() << " oddities of structure\n";
  return 0;
}
