"""`./run` as a newcomer types it: in a tree of its own (links to this one, without its ./var), in a network of its own,
so that the fixed ports of posthouse.toml are free."""
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import own_network
from posthouse import PROGRAM, ROOT, WAIT_S, until

BUILD_S = 540  # a program that is not up to date is built first


def setUpModule():
    own_network.enter()


class Running:
    """One `./run`; with `told`, every command that it gives is in the log."""

    def __init__(self, tree, name, told=False):
        self.out, self.log = tree.parent / f'{name}.out', tree.parent / f'{name}.log'
        self.began = time.monotonic()
        with open(self.out, 'wb') as out, open(self.log, 'wb') as log:
            self.process = subprocess.Popen(['bash', '-x', './run'] if told else ['./run'], cwd=tree,
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=log)

    def ready(self):
        """What it said on standard output by then; how long it took is `seconds`."""
        def look():
            if self.process.poll() is not None:
                raise AssertionError(f'./run ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}')
            return re.search(r'\bwhat=ready\b', self.log.read_text())
        until(look, 'ready', BUILD_S)
        self.seconds = time.monotonic() - self.began
        return self.out.read_text()

    def steps(self):
        return re.findall(r'^\+ (.*)$', self.log.read_text(), re.MULTILINE)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(WAIT_S)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(WAIT_S)


class RunTest(unittest.TestCase):
    def setUp(self):
        if PROGRAM != ROOT / 'build/release/posthouse':
            self.fail('./run builds and starts build/release/posthouse, so that is what PH_PROGRAM has to be')
        folder = pathlib.Path(tempfile.mkdtemp(prefix='ph-run-'))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.tree = folder / 'tree'
        self.tree.mkdir()
        for path in ROOT.iterdir():
            if path.name not in ('var', '.git'):
                (self.tree / path.name).symlink_to(path)

    def run_it(self, name, told=False):
        running = Running(self.tree, name, told)
        self.addCleanup(running.end)
        return running

    def paste(self, command):
        done = subprocess.run(['bash', '-c', command], cwd=self.tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=WAIT_S, check=False)
        self.assertEqual(done.returncode, 0, f'{command}\n{done.stdout}')
        return done.stdout

    def test_two_starts(self):
        first = self.run_it('first', told=True)
        said = first.ready()
        steps = '\n'.join(first.steps())
        self.assertRegex(steps, r'(?s)tools/install.sh build\n.*ninja .*\nexec build/release/posthouse serve --demo')
        log = first.log.read_text()
        for port in (2525, 2587, 2465, 2110, 2995):
            self.assertIn(f'127.0.0.1:{port}', log)
        passwords = dict(re.findall(r'^# +(\w+@example\.test) +(\S+)$', said, re.MULTILINE))
        self.assertEqual(set(passwords), {'alice@example.test', 'bob@example.test'}, said)
        self.assertEqual(len(set(passwords.values())), 2)
        commands = [line for line in said.splitlines() if line.strip() and not line.startswith('#')]
        self.assertEqual(len(commands), 3, said)
        send, fetch, why = commands
        identity = self.paste(send).strip()
        self.assertRegex(identity, r'^\w{8,}$')
        until(lambda: 'deliver' in self.paste(f'build/release/posthouse why {identity}'), 'it is delivered')
        mail = self.paste(fetch)
        self.assertIn('Subject: First mail', mail)
        self.assertIn(f'id {identity}', mail)
        self.assertIn(identity, self.paste(why))
        self.assertEqual(first.stop(), 0)
        self.assertRegex(first.log.read_text(), r'(?s)what=stopping\b.*what=stopped\b')

        built = (PROGRAM.stat().st_mtime_ns, PROGRAM.stat().st_ino)
        second = self.run_it('second')
        said = second.ready()
        print(f'a second ./run: ready after {second.seconds:.2f} s')
        for password in passwords.values():
            self.assertNotIn(password, said)
        self.assertEqual((PROGRAM.stat().st_mtime_ns, PROGRAM.stat().st_ino), built)
        self.assertNotRegex(second.log.read_text(), r'Installing|Configuring|Building|\[\d+/\d+\]')
        self.assertIn(identity, self.paste(why))
        self.assertEqual(second.stop(), 0)


class InstallTest(unittest.TestCase):
    """What tools/install.sh does where packages are missing, with stand-ins for the system's tools."""
    TOOLS = ('bash', 'env', 'awk', 'grep', 'mktemp', 'rm', 'dirname', 'cat')

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='ph-install-'))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.bin = self.folder / 'bin'
        self.bin.mkdir()
        for tool in self.TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        # which packages are there: those that are listed in `installed`
        self.tool('dpkg-query', 'shift 3\nfor p; do grep -qx "$p" "$0.installed" && echo "$p installed"; done; exit 0')
        self.tool('id', 'echo 0')
        self.tool('apt-get', 'echo "$*" >>"$0.asked"\ncase " $* " in *" -s "*) exit 0;; esac\n'
                  f'for p; do echo "$p" >>{self.bin}/dpkg-query.installed; done')
        (self.bin / 'dpkg-query.installed').touch()

    def tool(self, name, script):
        (self.bin / name).write_text(f'#!{shutil.which("bash")}\n{script}\n')
        (self.bin / name).chmod(0o755)

    def install(self, system='ID=debian\nVERSION_ID="12"\n'):
        """Exit code and what it said, on a system of that name."""
        release = self.folder / 'os-release'
        release.write_text(system)
        script = (ROOT / 'tools/install.sh').read_text()
        self.assertEqual(script.count('/etc/os-release'), 2)
        copy = self.folder / 'install.sh'
        copy.write_text(script.replace('/etc/os-release', str(release)))
        shutil.copy(ROOT / 'tools/packages', self.folder)
        done = subprocess.run(['bash', copy, 'build'], env={'PATH': str(self.bin)}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WAIT_S, check=False)
        asked = self.bin / 'apt-get.asked'
        return done.returncode, done.stdout, asked.read_text() if asked.exists() else ''

    def test_missing_packages_are_installed(self):
        code, said, asked = self.install()
        self.assertEqual(code, 0, said)
        self.assertRegex(asked, r'(?m)^-q .* -y install --no-install-recommends .*\bclang-19\b.*\bcmake\b')
        self.assertEqual(self.install()[0], 0)
        self.assertEqual(self.install()[2], asked)  # nothing was missing any more

    def test_with_sudo_where_we_are_not_root(self):
        self.tool('id', 'echo 1000')
        self.tool('sudo', f'echo sudo >>{self.bin}/sudo.asked\n[ "$1" = -n ] && exit 0\nexec "$@"')
        code, said, asked = self.install()
        self.assertEqual(code, 0, said)
        self.assertIn('clang-19', asked)
        self.assertTrue((self.bin / 'sudo.asked').exists())

    def test_without_root_the_command_is_printed(self):
        self.tool('id', 'echo 1000')
        code, said, asked = self.install()
        self.assertEqual((code, asked), (2, ''))
        self.assertRegex(said, r'apt-get install --no-install-recommends clang-19 ')

    def test_on_another_system_the_list_is_printed(self):
        for system, has_apt in (('ID=ubuntu\nVERSION_ID="24.04"\n', True), ('ID=fedora\nVERSION_ID=40\n', False)):
            with self.subTest(system):
                if not has_apt:
                    (self.bin / 'apt-get').unlink()
                code, said, asked = self.install(system)
                self.assertEqual((code, asked), (2, ''))
                self.assertIn('clang-19', said)
                self.assertIn(system.split()[0].removeprefix('ID='), said)


if __name__ == '__main__':
    unittest.main()
