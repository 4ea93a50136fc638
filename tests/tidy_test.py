"""tools/tidy and tools/rfc_index must be able to fail: one small tree for each rule."""
import pathlib
import subprocess
import tempfile
import textwrap
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent.parent / 'tools'
ROOMS = """
    ph_room(base      USES)
    ph_room(crypto    USES base LIBRARIES openssl)
    ph_room(rt        USES base LIBRARIES asio)
    ph_room(rt/os     USES rt)
    ph_room(sim       USES rt TESTS_ONLY)
    ph_room(wire/smtp USES base)
    ph_room(policy    USES rt)
    ph_room(serve     USES wire/smtp rt   # two lines,
                      PORTS policy)       # with comments
    ph_program(posthouse src/app/main.cc USES serve)
"""


class TidyTest(unittest.TestCase):
    def tree(self, files, rooms=ROOMS):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        (root / 'CMakeLists.txt').write_text(textwrap.dedent(rooms))
        (root / '.clang-format').write_text('BasedOnStyle: Google\nColumnLimit: 100\n')
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    def run_tidy(self, rule, files, rooms=ROOMS):
        root = self.tree(files, rooms)
        done = subprocess.run([TOOLS / 'tidy', '--root', root, '--only', rule, '--no-notes'],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1 if done.stdout else 0, done.stderr)
        return done.stdout.splitlines()

    def assert_good(self, rule, files):
        self.assertEqual(self.run_tidy(rule, files), [])

    def assert_bad(self, rule, files, where, rooms=ROOMS):
        found = self.run_tidy(rule, files, rooms)
        self.assertEqual([line.split(': ')[0] for line in found], [where], found)

    def test_layers_let_good_includes_pass(self):
        self.assert_good('layers', {
            'src/base/a.h': '', 'src/rt/world.h': '#include "base/a.h"\n', 'src/policy/port.h': '',
            'src/serve/s.cc': '#include "base/a.h"\n#include "rt/world.h"\n#include "policy/port.h"\n',
            'src/rt/os/x.cc': '#include "rt/world.h"\n',
            'src/wire/smtp/x_test.cc': '#include "sim/w.h"\n#include "rt/os/x.h"\n#include "base/testing/t.h"\n',
            'src/app/main.cc': '#include "serve/s.h"\n'})

    def test_layers_refuse_an_arrow_upwards(self):
        self.assert_bad('layers', {'src/base/a.h': '\n#include "rt/world.h"\n'}, 'src/base/a.h:2')

    def test_layers_refuse_a_room_that_is_not_named(self):
        self.assert_bad('layers', {'src/policy/p.cc': '#include "wire/smtp/a.h"\n'}, 'src/policy/p.cc:1')

    def test_layers_tell_rt_os_from_rt(self):
        self.assert_bad('layers', {'src/rt/a.cc': '#include "rt/os/x.h"\n'}, 'src/rt/a.cc:1')

    def test_layers_refuse_more_than_the_port(self):
        self.assert_bad('layers', {'src/serve/s.cc': '#include "policy/policy.h"\n'}, 'src/serve/s.cc:1')

    def test_layers_refuse_test_rooms_and_helpers_in_the_program(self):
        self.assert_bad('layers', {'src/policy/p.cc': '#include "sim/world.h"\n'}, 'src/policy/p.cc:1')
        self.assert_bad('layers', {'src/policy/p.cc': '#include "base/testing/t.h"\n'}, 'src/policy/p.cc:1')

    def test_layers_refuse_short_paths_and_homeless_files(self):
        self.assert_bad('layers', {'src/base/a.cc': '#include "a.h"\n'}, 'src/base/a.cc:1')
        self.assert_bad('layers', {'src/attic/a.cc': ''}, 'src/attic/a.cc:1')

    def test_layers_refuse_wrong_declarations(self):
        self.assert_bad('layers', {}, 'CMakeLists.txt:1', rooms='ph_room(a USES b)\nph_room(b USES)\n')
        self.assert_bad('layers', {}, 'CMakeLists.txt:1', rooms='ph_room(a USES nowhere)\n')
        self.assert_bad('layers', {}, 'CMakeLists.txt:2',
                        rooms='ph_room(sim USES TESTS_ONLY)\nph_room(b USES sim)\n')

    def test_includes_keep_the_world_in_rt_os(self):
        for header in ('fcntl.h', 'sys/socket.h', 'random', 'thread', 'boost/asio/ip/tcp.hpp',
                       'boost/asio/steady_timer.hpp', 'fstream'):
            with self.subTest(header):
                self.assert_bad('includes', {'src/policy/p.cc': f'#include <{header}>\n'},
                                'src/policy/p.cc:1')
                self.assert_good('includes', {'src/rt/os/p.cc': f'#include <{header}>\n'})

    def test_includes_ban_all_of_asio_at_once(self):
        self.assert_bad('includes', {'src/rt/os/p.cc': '#include <boost/asio.hpp>\n'}, 'src/rt/os/p.cc:1')

    def test_includes_keep_each_library_in_its_room(self):
        self.assert_good('includes', {'src/crypto/p.cc': '#include <openssl/ssl.h>\n'})
        self.assert_bad('includes', {'src/serve/p.cc': '#include <openssl/ssl.h>\n'}, 'src/serve/p.cc:1')
        self.assert_bad('includes', {'src/crypto/p.cc': '#include <rocksdb/db.h>\n'}, 'src/crypto/p.cc:1')
        self.assert_good('includes', {'src/serve/p.cc': '#include <boost/asio/awaitable.hpp>\n'})
        self.assert_bad('includes', {'src/crypto/p.cc': '#include <boost/asio/awaitable.hpp>\n'},
                        'src/crypto/p.cc:1')

    def test_includes_find_clocks_chance_and_sleep(self):
        for code in ('auto t = std::chrono::steady_clock::now();', 'auto t = time(nullptr);',
                     'clock_gettime(0, &t);', 'int x = rand();', 'std::random_device d;',
                     'std::this_thread::sleep_for(1s);'):
            with self.subTest(code):
                self.assert_bad('includes', {'src/policy/p.cc': code + '\n'}, 'src/policy/p.cc:1')
                self.assert_good('includes', {'src/rt/os/p.cc': code + '\n'})
        self.assert_good('includes', {'src/policy/p.cc': '// no steady_clock::now() here\nlog("rand()");\n'
                                                         'x.time(0); retry_time(0); operand();\n'})

    def test_names(self):
        for code in ('void process(int x) {', '  Result<Done> handle_line(std::string_view x);',
                     'static int do_it() {', 'bool put_locked(int x) const;', 'class QueueManager {'):
            with self.subTest(code):
                self.assert_bad('names', {'src/base/a.h': code + '\n'}, 'src/base/a.h:1')
        self.assert_bad('names', {'src/base/string_util.h': ''}, 'src/base/string_util.h:1')
        self.assert_bad('names', {'src/base/BadCase.h': ''}, 'src/base/BadCase.h:1')
        self.assert_good('names', {'src/base/a.h': 'return ub_process(ctx);\n  // process(x)\n'
                                                   '  SSL_do_handshake(ssl);\n  int processed(int x);\n'
                                                   '  return process(x);\n'})

    def test_citations(self):
        for text in ('RFC5321', 'rfc 5321', 'RFC 5321 section 4.1', 'RFC 5321, Section 4', 'RFC 5321 § 4'):
            with self.subTest(text):
                self.assert_bad('citations', {'src/base/a.h': f'// see {text}\n'}, 'src/base/a.h:1')
        self.assert_good('citations', {'src/base/a.h': '// RFC 5321 §4.1.1.4, RFC 3463\n"rfc822"\n'})

    def test_form(self):
        self.assert_bad('form', {'src/base/a.h': 'int  x ;\n'}, 'src/base/a.h:1')
        self.assert_good('form', {'src/base/a.h': 'int x;\n'})

    def test_headers(self):
        good = '#pragma once\n#include <string>\ninline std::string a() { return {}; }\n'
        self.assert_good('headers', {'src/base/a.h': good})
        self.assert_bad('headers', {'src/base/a.h': '#pragma once\ninline std::string a();\n'},
                        'src/base/a.h:1')
        self.assert_bad('headers', {'src/base/a.h': 'inline int a() { return 1; }\n'}, 'src/base/a.h:1')

    def test_headers_that_their_source_includes_first_are_left_to_the_build(self):
        bad = '#pragma once\ninline std::string a();\n'
        self.assert_good('headers', {'src/base/a.h': bad, 'src/base/a.cc': '#include "base/a.h"\n'})
        self.assert_bad('headers', {'src/base/a.h': bad, 'src/base/a.cc': '#include <string>\n#include "base/a.h"\n'},
                        'src/base/a.h:1')

    def test_headers_remember_what_was_good_until_it_changes(self):
        root = self.tree({'src/base/a.h': '#pragma once\n#include <string>\n',
                          'src/base/b.h': '#pragma once\n#include "base/a.h"\ninline std::string b();\n'})

        def run():
            return subprocess.run([TOOLS / 'tidy', '--root', root, '--only', 'headers', '--no-notes'],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                  check=False).stdout
        self.assertEqual(run(), '')
        (root / 'src/base/a.h').write_text('#pragma once\n')  # b.h leaned on it
        self.assertIn('src/base/b.h:1', run())

    def test_limits_stand_on_their_page(self):
        code = 'inline constexpr std::size_t kNameOctetsMax = 64 << 10;  // of a name\n'
        page = '## `base`\n\n| `kNameOctetsMax` | `64 << 10` | a name; nobody has a longer one |\n'
        self.assert_good('limits', {'src/base/a.h': code, 'docs/limits.md': page})
        self.assert_bad('limits', {'src/base/a.h': '\n' + code}, 'src/base/a.h:2')
        self.assert_bad('limits', {'src/base/a.h': code, 'docs/limits.md': page.replace('64', '32')},
                        'docs/limits.md:3')
        self.assert_bad('limits', {'docs/limits.md': page}, 'docs/limits.md:3')
        self.assert_bad('limits', {'src/base/a.h': code, 'docs/limits.md':
                                   '## `base`\n| `kNameOctetsMax` | `64 << 10` |  |\n'}, 'docs/limits.md:2')

    def test_large_files_and_functions_are_notes_only(self):
        root = self.tree({'src/base/a.cc': 'int f(int x) {\n' + '  x = 1;\n' * 450 + '}\n'})
        done = subprocess.run([TOOLS / 'tidy', '--root', root, '--only', 'layers'],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn('src/base/a.cc:1: note: 452 lines', done.stdout)
        self.assertIn('src/base/a.cc:1: note: a function of 452 lines', done.stdout)


class RfcIndexTest(unittest.TestCase):
    def run_index(self, index, source):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / 'src').mkdir()
            (root / 'docs/rfc').mkdir(parents=True)
            (root / 'src/a.h').write_text(source)
            (root / 'docs/rfc/index.tsv').write_text(index)
            done = subprocess.run([TOOLS / 'rfc_index', '--root', root, 'check'], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            return done.returncode, done.stdout

    def test_a_citation_needs_a_row(self):
        rows = 'number\ttitle\tstatus\terrata read\n5321\tSMTP\tyes\t-\n'
        self.assertEqual(self.run_index(rows, '// RFC 5321 §4.1\n')[0], 0)
        code, said = self.run_index(rows, '\n// RFC 9999 §1\n')
        self.assertEqual(code, 1)
        self.assertIn('src/a.h:2: RFC 9999 is not in docs/rfc/index.tsv', said)

    def test_rows_are_checked(self):
        self.assertEqual(self.run_index('number\ttitle\tstatus\terrata read\n5321\tSMTP\tsoon\t-\n', '')[0], 1)
        self.assertEqual(self.run_index('number\ttitle\tstatus\terrata read\n'
                                        '5321\tSMTP\tyes\t-\n5321\tSMTP\tyes\t-\n', '')[0], 1)


if __name__ == '__main__':
    unittest.main()
