// The only file that includes toml++ (the slowest header of the house). It knows the sections,
// their keys and where in the file each stands; config_values.cc knows what the values mean.
#include "app/daemon/config.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <utility>

#include "app/daemon/config_values.h"
#include "app/daemon/units.h"

namespace ph::daemon {
namespace {

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number with a point";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
  }
}

Place place_of(const toml::source_region& region, std::string key) {
  return {region.begin.line, region.begin.column, std::move(key)};
}

class Reader {
 public:
  Reader(Config& config, std::string folder, Problems& problems)
      : c_(config), folder_(std::move(folder)), problems_(problems) {}

  void document(const toml::table& root);
  bool has_listen() const { return has_listen_; }

 private:
  using Read = std::function<void(const toml::node& node, const Place& at)>;
  struct Key {
    std::string_view name;
    Read read;
  };

  /// Reads each key of a table by its row; a key without one is an error.
  void keys(const toml::table& table, const std::string& prefix, std::initializer_list<Key> known);
  void section(const toml::node& node, const Place& at, std::initializer_list<Key> known);
  void wrong_type(const toml::node& node, const Place& at, std::string_view wanted);

  // Rows for keys of the usual types.
  Read text(std::string_view wanted, std::function<void(std::string_view, const Place&)> take);
  /// A text, or a list of texts.
  Read texts(std::string_view wanted, std::function<void(std::string_view, const Place&)> take);
  Read octets(std::uint64_t& into, std::uint64_t least);
  Read duration(std::chrono::milliseconds& into);
  Read boolean(bool& into);
  template <class T>
  Read count(T& into, std::int64_t least, std::int64_t most);

  void listen(const toml::node& node, const Place& at);
  void listener(const toml::node& node, const Place& at, Protocol protocol);
  void routes(const toml::node& node, const Place& at);

  Config& c_;
  std::string folder_;
  Problems& problems_;
  bool has_listen_ = false;
};

void Reader::wrong_type(const toml::node& node, const Place& at, std::string_view wanted) {
  problems_.error(at, fmt::format("{} is {}", at.key, type_name(node)),
                  fmt::format("write {}", wanted));
}

void Reader::keys(const toml::table& table, const std::string& prefix,
                  std::initializer_list<Key> known) {
  for (const auto& [key, node] : table) {
    const Place at = place_of(key.source(), prefix + std::string(key.str()));
    const auto row =
        std::find_if(known.begin(), known.end(), [&](const Key& k) { return k.name == key.str(); });
    if (row != known.end()) {
      row->read(node, at);
      continue;
    }
    std::vector<std::string_view> names;
    for (const auto& k : known) names.push_back(k.name);
    const auto near = nearest(key.str(), names);
    problems_.error(at, fmt::format("unknown key \"{}\"", key.str()),
                    near.empty() ? fmt::format("known here: {}", fmt::join(names, ", "))
                                 : fmt::format("did you mean \"{}\"?", near));
  }
}

void Reader::section(const toml::node& node, const Place& at, std::initializer_list<Key> known) {
  if (const auto* table = node.as_table()) return keys(*table, at.key + ".", known);
  wrong_type(node, at, fmt::format("a section, [{}], with keys below it", at.key));
}

Reader::Read Reader::text(std::string_view wanted,
                          std::function<void(std::string_view, const Place&)> take) {
  return [this, wanted, take = std::move(take)](const toml::node& node, const Place& at) {
    if (const auto* value = node.as_string()) return take(value->get(), at);
    wrong_type(node, at, wanted);
  };
}

Reader::Read Reader::texts(std::string_view wanted,
                           std::function<void(std::string_view, const Place&)> take) {
  return [this, wanted, take = std::move(take)](const toml::node& node, const Place& at) {
    if (const auto* value = node.as_string()) return take(value->get(), at);
    const auto* list = node.as_array();
    if (!list) return wrong_type(node, at, fmt::format("{}, or a list of them", wanted));
    for (const auto& item : *list) {
      const Place item_at = place_of(item.source(), at.key);
      if (const auto* value = item.as_string()) {
        take(value->get(), item_at);
      } else {
        wrong_type(item, item_at, wanted);
      }
    }
  };
}

Reader::Read Reader::octets(std::uint64_t& into, std::uint64_t least) {
  return [this, &into, least](const toml::node& node, const Place& at) {
    Result<std::uint64_t> value = 0;
    if (const auto* plain = node.as_integer()) {
      value = plain->get() < 0
                  ? fail(Kind::malformed, "a negative size", std::to_string(plain->get()))
                  : Result<std::uint64_t>(static_cast<std::uint64_t>(plain->get()));
    } else if (const auto* written = node.as_string()) {
      value = parse_octets(written->get());
    } else {
      return wrong_type(node, at, "a size such as \"25 MB\"");
    }
    if (!value) {
      problems_.error(
          at, fmt::format("{}: {} (\"{}\")", at.key, value.error().what, value.error().detail),
          "write a size such as \"25 MB\", \"512 KiB\", or octets");
    } else if (*value < least) {
      problems_.error(at, fmt::format("{} is too small", at.key),
                      fmt::format("at least {} octets", least));
    } else {
      into = *value;
    }
  };
}

Reader::Read Reader::duration(std::chrono::milliseconds& into) {
  return [this, &into](const toml::node& node, const Place& at) {
    const auto* written = node.as_string();
    if (!written) return wrong_type(node, at, "a duration with its unit, such as \"5m\" or \"4h\"");
    if (auto value = parse_duration(written->get())) {
      into = *value;
    } else {
      problems_.error(at,
                      fmt::format("{}: {} (\"{}\")", at.key, value.error().what, written->get()),
                      "write \"90s\", \"5m\", \"4h\" or \"5d\"");
    }
  };
}

Reader::Read Reader::boolean(bool& into) {
  return [this, &into](const toml::node& node, const Place& at) {
    if (const auto* value = node.as_boolean()) {
      into = value->get();
    } else {
      wrong_type(node, at, "true or false, without quotes");
    }
  };
}

template <class T>
Reader::Read Reader::count(T& into, std::int64_t least, std::int64_t most) {
  return [this, &into, least, most](const toml::node& node, const Place& at) {
    const auto* value = node.as_integer();
    if (!value) return wrong_type(node, at, "a whole number, without quotes");
    if (value->get() < least || value->get() > most) {
      problems_.error(at, fmt::format("{} = {} is out of range", at.key, value->get()),
                      fmt::format("from {} to {}", least, most));
    } else {
      into = static_cast<T>(value->get());
    }
  };
}

void Reader::document(const toml::table& root) {
  using Text = std::string_view;
  const auto path = [this](std::string& into) {
    return text("a path in quotes",
                [this, &into](Text t, const Place&) { into = below(folder_, t); });
  };
  const auto store_url = [this](std::string& into) {
    return text("a store such as \"file:./var/store\"", [this, &into](Text t, const Place& at) {
      if (auto url = read_store_url(t, folder_, at, problems_)) into = *url;
    });
  };
  keys(root, "",
       {
           {"server",
            [&](const toml::node& node, const Place& at) {
              section(node, at,
                      {
                          {"hostname", text("a host name in quotes",
                                            [this](Text t, const Place& p) {
                                              if (auto name = read_hostname(t, p, problems_))
                                                c_.hostname = *name;
                                            })},
                          {"store", store_url(c_.store)},
                          {"blobs", store_url(c_.blobs)},
                          {"folder", path(c_.folder)},
                          {"threads", count(c_.threads, 0, kThreadsMax)},
                      });
            }},
           {"listen", [this](const toml::node& node, const Place& at) { listen(node, at); }},
           {"tls",
            [&](const toml::node& node, const Place& at) {
              c_.tls_line = at.line;
              c_.tls_column = at.column;
              section(node, at, {{"certificate", path(c_.certificate)}, {"key", path(c_.key)}});
            }},
           {"dns",
            [this](const toml::node& node, const Place& at) {
              section(node, at,
                      {{"servers", texts("an address such as \"127.0.0.1:53\"",
                                         [this](Text t, const Place& p) {
                                           if (auto e = read_endpoint(t, p, problems_))
                                             c_.dns_servers.push_back(*e);
                                         })}});
            }},
           {"delivery",
            [this](const toml::node& node, const Place& at) {
              section(node, at,
                      {
                          {"port", count(c_.delivery_port, 1, 65535)},
                          {"routes", [this](const toml::node& n, const Place& p) { routes(n, p); }},
                          {"trusted_networks",
                           texts("a network such as \"10.0.0.0/8\"",
                                 [this](Text t, const Place& p) {
                                   if (auto network = rt::parse_network(t)) {
                                     c_.trusted_networks.push_back(*network);
                                   } else {
                                     problems_.error(
                                         p, fmt::format("\"{}\" is not a network", t),
                                         "write \"10.0.0.0/8\", \"::1/128\" or a single address");
                                   }
                                 })},
                      });
            }},
           {"queue",
            [this](const toml::node& node, const Place& at) {
              section(node, at,
                      {
                          {"retry_first", duration(c_.queue.retry_first)},
                          {"retry_max", duration(c_.queue.retry_max)},
                          {"expire", duration(c_.queue.expire)},
                          {"warn", duration(c_.queue.warn)},
                      });
            }},
           {"limits",
            [this](const toml::node& node, const Place& at) {
              auto& l = c_.limits;
              section(
                  node, at,
                  {
                      {"message_size", octets(l.message_octets, 64 << 10)},  // RFC 5321 §4.5.3.1.7
                      {"min_free", octets(l.free_octets, 0)},
                      {"memory", octets(l.memory_octets, 1 << 20)},
                      {"recipients", count(l.recipients, 100, 100000)},  // RFC 5321 §4.5.3.1.8
                      {"connections", count(l.connections, 1, 1000000)},
                      {"connections_per_client", count(l.connections_per_client, 1, 1000000)},
                      {"errors", count(l.errors, 1, 10000)},
                      {"command_timeout", duration(l.command_timeout)},
                      {"data_timeout", duration(l.data_timeout)},
                      {"pop3_timeout", duration(l.pop3_timeout)},
                  });
            }},
           {"journal",
            [this](const toml::node& node, const Place& at) {
              section(node, at,
                      {
                          {"retention", duration(c_.journal.retention)},
                          {"max_size", octets(c_.journal.octets_max, 1 << 20)},
                      });
            }},
           {"log",
            [this](const toml::node& node, const Place& at) {
              section(node, at,
                      {
                          {"format", text("\"logfmt\" or \"json\"",
                                          [this](Text t, const Place& p) {
                                            if (t != "logfmt" && t != "json") {
                                              problems_.error(
                                                  p, fmt::format("\"{}\" is not a log format", t),
                                                  "write \"logfmt\" or \"json\"");
                                            }
                                            c_.log.json = t == "json";
                                          })},
                          {"level", text("a log level in quotes",
                                         [this](Text t, const Place& p) {
                                           if (auto level = read_level(t, p, problems_))
                                             c_.log.level = *level;
                                         })},
                      });
            }},
       });
}

void Reader::listen(const toml::node& node, const Place& at) {
  has_listen_ = true;
  const auto* table = node.as_table();
  if (!table) return wrong_type(node, at, "a section, [listen], with listeners below it");
  toml::table unknown;  // goes through keys() for its suggestions
  for (const auto& [key, value] : *table) {
    const Place place = place_of(key.source(), "listen." + std::string(key.str()));
    if (const auto protocol = protocol_of(key.str())) {
      listener(value, place, *protocol);
    } else if (is_later_protocol(key.str())) {
      problems_.error(place, fmt::format("\"{}\" is not served by this version", key.str()),
                      "take the line out");
    } else {
      unknown.insert(key, value);
    }
  }
  const auto never = [](const toml::node&, const Place&) {};
  keys(unknown, "listen.",
       {{"smtp", never},
        {"submission", never},
        {"submissions", never},
        {"pop3", never},
        {"pop3s", never}});
}

void Reader::listener(const toml::node& node, const Place& at, Protocol protocol) {
  auto made = default_listener(protocol);
  made.line = at.line;
  made.column = at.column;
  const auto address =
      texts("an address such as \"127.0.0.1:2525\"", [&](std::string_view t, const Place& p) {
        const auto endpoint = read_endpoint(t, p, problems_);
        if (!endpoint) return;
        if (made.at.size() == kEndpointsPerListenerMax) {
          return problems_.error(p, "too many addresses for one listener",
                                 fmt::format("at most {}", kEndpointsPerListenerMax));
        }
        made.at.push_back(*endpoint);
      });
  if (!node.is_table()) {
    address(node, at);
  } else {
    const auto not_here = [&](std::string_view why) {
      return [this, why](const toml::node&, const Place& p) {
        problems_.error(p, fmt::format("{} does not apply here", p.key), std::string(why));
      };
    };
    const bool is_pop3 = protocol == Protocol::pop3 || protocol == Protocol::pop3s;
    section(node, at,
            {
                {"address", address},
                {"allow_plaintext", made.implicit_tls ? not_here("this listener always has TLS")
                                                      : boolean(made.allow_plaintext)},
                {"strict_addresses",
                 is_pop3 ? not_here("POP3 has no addresses") : boolean(made.strict_addresses)},
                {"max_connections", count(made.connections_max, 1, 1000000)},
            });
    if (!node.as_table()->contains("address")) {
      problems_.error(at, fmt::format("{} has no address", at.key),
                      "add address = \"127.0.0.1:2525\" or the like");
    }
  }
  if (!made.at.empty()) c_.listeners.push_back(std::move(made));
}

void Reader::routes(const toml::node& node, const Place& at) {
  const auto* table = node.as_table();
  if (!table) {
    return wrong_type(node, at, "a table such as { \"sink.test\" = \"127.0.0.1:2526\" }");
  }
  for (const auto& [key, value] : *table) {
    const std::string domain(key.str());
    text("an address with a port, or \"hold\"", [&](std::string_view t, const Place& p) {
      if (auto route = read_route(domain, t, p, problems_)) c_.routes.push_back(*route);
    })(value, place_of(key.source(), at.key + "." + domain));
  }
}

/// Empties line `line` (1-based); false: there is no such line, or it is empty already.
bool blank_line(std::string& text, std::uint32_t line) {
  std::size_t begin = 0;
  for (std::uint32_t n = 1; n < line; ++n) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos) return false;
    ++begin;
  }
  const auto end = std::min(text.find('\n', begin), text.size());
  if (begin >= end) return false;
  text.erase(begin, end - begin);
  return true;
}

}  // namespace

ConfigRead read_config(std::string_view toml_text, std::string file, std::string folder) {
  ConfigRead read;
  read.config.file = std::move(file);
  Problems problems;
  std::string text(toml_text.substr(0, kConfigOctetsMax));
  if (toml_text.size() > kConfigOctetsMax) {
    problems.error({}, "the configuration is too big",
                   fmt::format("at most {} octets", kConfigOctetsMax));
  }
  // A line that TOML cannot read is reported and left out, so that the rest is still looked at.
  for (std::size_t errors = 0; errors <= kSyntaxErrorsMax; ++errors) {
    const auto parsed = toml::parse(std::string_view(text));
    if (parsed) {
      Reader reader(read.config, folder, problems);
      reader.document(parsed.table());
      complete(read.config, reader.has_listen(), folder, problems);
      break;
    }
    const auto where = parsed.error().source().begin;
    problems.error({where.line, where.column, ""},
                   fmt::format("not TOML: {}", parsed.error().description()),
                   "texts stand in quotes, a key stands once");
    if (!blank_line(text, where.line)) break;
  }
  read.problems = problems.take();
  return read;
}

}  // namespace ph::daemon
