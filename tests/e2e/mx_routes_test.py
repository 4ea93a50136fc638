"""Where mail goes: by the MX records of a zone, by static routes, and what happens when there is nowhere."""
import collections
import unittest

from relaying import DEAD, PORT, RelayTest, letter, until


class MxTest(RelayTest):

    def test_the_next_preference_when_the_first_is_dead(self):
        a = self.add_house('a.test')
        busy = self.add_hostile(on={'greeting': '421 4.3.2 too busy'})
        good, worse = self.add_hostile(), self.add_hostile()
        self.nsd.zones['b.test'] = (f'MX 5 refused\nMX 6 nowhere\nMX 7 busy\nMX 10 good\nMX 20 worse\n'
                                    f'refused A {DEAD}\nbusy A {busy.ip}\ngood A {good.ip}\nworse A {worse.ip}\n')
        self.start()
        wanted = self.send(a, 'bob@b.test')
        until(lambda: good.messages, 'the fourth choice has it')
        a.why(wanted, ('relay', 'done'))
        self.assertEqual((len(good.messages), len(worse.connections)), (1, 0))
        self.until_queue_is_empty(a)

    def test_every_address_of_a_host_is_tried(self):
        a = self.add_house('a.test')
        good = self.add_hostile()
        self.nsd.zones['b.test'] = f'MX 5 mx\nmx A {DEAD}\nmx A 127.250.0.3\nmx A {good.ip}\nmx AAAA ::1\n'
        self.start()
        self.send(a, 'bob@b.test')
        until(lambda: good.messages, 'the address that answers has it')

    def test_equal_preferences_share_and_all_come_before_the_next(self):
        a = self.add_house('a.test')
        equal, spare = [self.add_hostile() for _ in range(4)], self.add_hostile()
        self.nsd.zones['b.test'] = ''.join(f'* MX 10 e{n}\ne{n} A {peer.ip}\n' for n, peer in enumerate(equal)) + (
            f'* MX 10 dead\ndead A {DEAD}\n* MX 20 spare\nspare A {spare.ip}\n')
        self.start()
        count = 80  # each for a domain of its own: those of one destination share connections
        with a.submission('alice') as smtp:
            for n in range(count):
                smtp.sendmail('alice@a.test', [f'bob@n{n}.b.test'], letter(str(n)))
        until(lambda: sum(len(peer.messages) for peer in equal) >= count, 'all have arrived')
        shares = [len(peer.messages) for peer in equal]
        self.assertEqual(sum(shares), count)
        self.assertTrue(all(shares), f'shared {shares}: one has got nothing')
        self.assertEqual(spare.connections, [])

    def test_no_mx_means_the_address_of_the_domain(self):
        a = self.add_house('a.test')
        peer = self.add_hostile()
        self.nsd.zones['b.test'] = f'@ A {peer.ip}\n'
        self.start()
        self.send(a, 'bob@b.test')
        until(lambda: peer.messages, 'the domain itself has it')

    def test_our_own_name_among_the_exchangers(self):
        """We are the second: only better ones are asked, and nothing comes back to us in a loop."""
        a = self.add_house('a.test')
        first, third = self.add_hostile(on={'RCPT': '450 4.2.1 not now'}), self.add_hostile()
        self.nsd.zones['b.test'] = (f'MX 10 first\nMX 20 mail.a.test.\nMX 30 third\nfirst A {first.ip}\n'
                                    f'third A {third.ip}\n')
        self.start()
        wanted = self.send(a, 'bob@b.test')
        self.until_deferred(a, wanted, attempts=2, text='450 4.2.1 not now')
        self.assertEqual(third.connections, [])

    def test_only_we_are_the_exchanger(self):
        a = self.add_house('a.test')
        self.nsd.zones['b.test'] = 'MX 10 mail.a.test.\n'
        self.start()
        self.send(a, 'bob@b.test')
        report = self.bounce(a)
        self.assertEqual(report.fact('bob@b.test', 'Action'), 'failed')

    def test_a_null_mx_takes_no_mail(self):  # RFC 7505
        a = self.add_house('a.test')
        self.nsd.zones['b.test'] = 'MX 0 .\n'
        self.start()
        wanted = self.send(a, 'bob@b.test')
        report = self.bounce(a)
        self.assertEqual((report.fact('bob@b.test', 'Action'), report.fact('bob@b.test', 'Status')),
                         ('failed', '5.1.10'))
        a.why(wanted, ('bounce', 'done'))

    def test_a_domain_that_does_not_exist(self):
        a = self.add_house('a.test')
        self.start()
        self.send(a, 'bob@never-registered.test')
        report = self.bounce(a)
        self.assertEqual(report.fact('bob@never-registered.test', 'Action'), 'failed')
        self.assertRegex(report.fact('bob@never-registered.test', 'Status'), r'^5\.(1\.2|4\.4)$')
        self.assertIn('never-registered.test', report.text)

    def test_an_exchanger_that_is_an_alias(self):
        """CNAME behind MX: forbidden, common, and understood."""
        a = self.add_house('a.test')
        peer = self.add_hostile()
        self.nsd.zones['b.test'] = f'MX 10 mx\nmx CNAME real\nreal A {peer.ip}\n'
        self.start()
        self.send(a, 'bob@b.test')
        until(lambda: peer.messages, 'the address behind the alias has it')

    def test_a_domain_in_another_script(self):
        """The envelope keeps the address as it was written; the DNS is asked in ASCII, RFC 6531 §3.2."""
        a = self.add_house('a.test')
        peer = self.add_hostile('xn--bcher-kva.test')
        self.start()
        content = letter('unicode', to='bob@b\u00fccher.test')
        wanted = self.send(a, 'bob@b\u00fccher.test', content, options=['SMTPUTF8', 'BODY=8BITMIME'])
        message, = until(lambda: peer.messages, 'it is found')
        self.assertEqual(message.recipients, ['bob@b\u00fccher.test'])
        self.assertIn('SMTPUTF8', message.parameters)
        self.assertTrue(message.content.endswith(content))
        events = a.why(wanted, ('relay', 'done'))
        self.assertIn('mx.xn--bcher-kva.test', next(e for e in events if e['stage'] == 'relay')['peer'])
        # its A-labels are the same domain
        self.send(a, 'carol@xn--bcher-kva.test')
        until(lambda: len(peer.messages) == 2, 'by either name')
        self.assertEqual(peer.messages[1].recipients, ['carol@xn--bcher-kva.test'])

    def test_a_dead_name_server_makes_mail_wait(self):
        a = self.add_house('a.test')
        peer = self.add_hostile('b.test')
        self.start()
        self.nsd.stop()
        wanted = self.send(a, 'bob@b.test')
        job = self.until_deferred(a, wanted)
        self.assertRegex(job['why'] + job.get('reply', ''), r'(?i)dns|name server|resol|lookup|look up|MX')
        self.assertEqual(a.messages('alice'), [])
        self.nsd.start()
        until(lambda: peer.messages, 'it goes out when DNS is back')
        self.until_queue_is_empty(a)


class RouteTest(RelayTest):

    def test_a_static_route_asks_no_dns(self):
        peer, other = self.add_hostile(), self.add_hostile()
        a = self.add_house('a.test', delivery={'routes': {'b.test': peer.server, '*': other.server}})
        self.start()
        self.nsd.stop()
        self.send(a, 'bob@b.test')
        self.send(a, 'bob@elsewhere.example')
        for wanted, where in (('bob@b.test', peer), ('bob@elsewhere.example', other)):
            message, = until(lambda where=where: where.messages, f'{wanted} by its route')
            self.assertEqual(message.recipients, [wanted])

    def test_a_route_for_a_domain_in_another_script(self):
        peer = self.add_hostile()
        a = self.add_house('a.test', delivery={'routes': {'xn--bcher-kva.test': peer.server}})
        self.start()
        for recipient in ('bob@b\u00fccher.test', 'bob@xn--bcher-kva.test'):
            self.send(a, recipient, letter(to=recipient), options=['SMTPUTF8'])
        until(lambda: len(peer.messages) == 2, 'the route counts for both ways to write it')
        self.assertEqual(sorted(m.recipients[0] for m in peer.messages), ['bob@b\u00fccher.test', 'bob@xn--bcher-kva.test'])

    def test_mail_for_a_held_destination_waits_until_it_is_released(self):
        peer = self.add_hostile('free.test')
        a = self.add_house('a.test', delivery={'routes': {'hold.test': 'hold'}})
        self.start()
        wanted = self.send(a, ['bob@hold.test', 'bob@free.test'])
        until(lambda: peer.messages, 'the other recipient')
        job, = until(lambda: self.jobs(a, wanted), 'it is listed')
        self.assertEqual(job['recipient'], 'bob@hold.test')
        self.assertRegex(job['why'].lower(), 'h[eo]ld')
        self.assertEqual(collections.Counter(m.recipients[0] for m in peer.messages), {'bob@free.test': 1})

    def test_a_route_to_a_dead_host_waits(self):
        a = self.add_house('a.test', delivery={'routes': {'b.test': f'{DEAD}:{PORT}'}})
        self.start()
        wanted = self.send(a, 'bob@b.test')
        job = self.until_deferred(a, wanted, attempts=2)
        self.assertRegex(job['why'].lower(), 'refused|connect')
        self.assertIn(DEAD, job['why'] + str(job.get('host', '')))


if __name__ == '__main__':
    unittest.main()
