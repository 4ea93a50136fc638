"""The peers themselves: they start, serve, several at once, and end without a trace. A failure here is one of the tests,
not of Posthouse."""
import pathlib
import unittest

from peers import NOERROR, NXDOMAIN, REFUSED, Nsd, ask


class NsdTest(unittest.TestCase):

    def test_zones_are_answered_for(self):
        zones = {'a.test': 'MX 10 mx\nMX 20 mx2\nmx A 127.9.8.7\n', 'b.test': '* MX 0 mx.a.test.'}
        with Nsd(zones) as nsd, Nsd({}, port=5300) as other:
            def counts(name, kind):
                return ask((nsd.ip, nsd.port), name, kind)[:2]
            self.assertEqual(counts('a.test', 'MX'), (NOERROR, 2))
            self.assertEqual(counts('mx.a.test', 'A'), (NOERROR, 1))
            self.assertEqual(counts('mx.a.test', 'AAAA'), (NOERROR, 0))
            self.assertEqual(counts('x17.b.test', 'MX'), (NOERROR, 1))
            self.assertEqual(counts('nowhere.test', 'MX'), (NXDOMAIN, 0))
            self.assertEqual(counts('elsewhere.example', 'MX'), (REFUSED, 0))
            self.assertEqual(ask((other.ip, 5300), 'a.test', 'MX').rcode, NXDOMAIN)
            mounts = pathlib.Path('/proc/self/mounts').read_text()
        self.assertNotIn('build/peers', mounts)  # all of it stands in a namespace of the peer's own
        with self.assertRaises(OSError):
            ask((nsd.ip, nsd.port), 'a.test', 'MX')

    def test_it_starts_again_with_other_zones(self):
        nsd = Nsd({'a.test': 'MX 10 mx'})
        self.addCleanup(nsd.close)
        for zone in ('a.test', 'b.test'):
            nsd.zones = {zone: 'MX 10 mx\nMX 20 my', 'test': ''}
            nsd.start()
            self.assertEqual(ask((nsd.ip, nsd.port), zone, 'MX')[:2], (NOERROR, 2))
            nsd.stop()


if __name__ == '__main__':
    unittest.main()
