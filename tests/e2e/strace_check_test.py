"""The checker must be able to say no: one synthetic trace for each way to break the promise."""
import unittest

from strace_check import broken_promises, parse, sync_count

LOG, OTHER, SOCKET = '7</s/000004.log>', '8</s/000005.log>', '9<socket:[42]>'
REPLY = f'11 sendto({SOCKET}, "250 2.0.0 Ok: queued as idA\\r\\n", 29, MSG_NOSIGNAL, NULL, 0) = 29'
WRITE = f'12 write({LOG}, "\\1\\2idA body-A-", 14) = 14'
SYNC = f'12 fdatasync({LOG}) = 0'


class StraceCheckTest(unittest.TestCase):
    def wrong(self, *lines):
        return broken_promises(parse(lines), {'queued as idA': ['idA', 'body-A-']})

    def test_written_synced_said(self):
        self.assertEqual(self.wrong(WRITE, SYNC, REPLY), [])

    def test_with_times_and_interleaved_threads(self):
        self.assertEqual(self.wrong(
            f'12 10:00:00.100000 write({LOG}, "idA body-A-", 11 <unfinished ...>',
            '13 10:00:00.100001 futex(0x7f, FUTEX_WAIT) = 0',
            '12 10:00:00.100002 <... write resumed>) = 11',
            f'12 10:00:00.100003 fdatasync({LOG} <unfinished ...>',
            f'11 10:00:00.100004 sendto({SOCKET}, "354 go\\r\\n", 8, 0, NULL, 0) = 8',
            '12 10:00:00.100005 <... fdatasync resumed>) = 0',
            '11 10:00:00.100006 ' + REPLY.partition(' ')[2]), [])

    def test_one_sync_may_cover_several_writes(self):
        self.assertEqual(self.wrong(f'12 write({LOG}, "body-A-", 7) = 7', f'12 write({LOG}, "idA", 3) = 3', SYNC,
                                    REPLY), [])

    def test_said_before_the_sync(self):
        self.assertEqual(len(self.wrong(WRITE, REPLY, SYNC)), 2)

    def test_said_while_the_sync_is_under_way(self):
        self.assertTrue(self.wrong(WRITE, f'12 fdatasync({LOG} <unfinished ...>', REPLY,
                                   '12 <... fdatasync resumed>) = 0'))

    def test_never_synced(self):
        self.assertTrue(self.wrong(WRITE, REPLY))

    def test_another_file_was_synced(self):
        self.assertTrue(self.wrong(WRITE, f'12 fdatasync({OTHER}) = 0', REPLY))

    def test_the_sync_began_before_the_write_had_ended(self):
        self.assertTrue(self.wrong(f'12 write({LOG}, "idA body-A-", 11 <unfinished ...>',
                                   f'13 fdatasync({LOG} <unfinished ...>', '12 <... write resumed>) = 11',
                                   '13 <... fdatasync resumed>) = 0', REPLY))

    def test_the_sync_failed(self):
        self.assertTrue(self.wrong(WRITE, f'12 fdatasync({LOG}) = -1 EIO (Input/output error)', REPLY))

    def test_a_hint_is_no_sync(self):
        self.assertTrue(self.wrong(WRITE, f'12 sync_file_range({LOG}, 0, 0, SYNC_FILE_RANGE_WRITE) = 0', REPLY))

    def test_the_body_came_after_the_sync(self):
        wrong = self.wrong(f'12 write({LOG}, "idA", 3) = 3', SYNC, f'12 write({LOG}, "body-A-", 7) = 7', REPLY)
        self.assertEqual(len(wrong), 1)
        self.assertIn('body-A-', wrong[0])

    def test_the_end_of_the_body_came_after_the_sync(self):
        chunks = (f'12 write({LOG}, "idA body-A-first", 16) = 16', SYNC, f'12 write({LOG}, "body-A-last", 11) = 11')
        promise = {'queued as idA': ['idA', 'body-A-first', 'body-A-last']}
        wrong = broken_promises(parse([*chunks, REPLY]), promise)
        self.assertEqual(len(wrong), 1)
        self.assertIn('body-A-last', wrong[0])
        self.assertEqual(broken_promises(parse([*chunks, SYNC, REPLY]), promise), [])

    def test_written_to_the_log_on_standard_error_only(self):
        self.assertTrue(self.wrong('12 write(2<pipe:[5]>, "idA body-A-", 11) = 11',
                                   '12 fdatasync(2<pipe:[5]>) = 0', REPLY))

    def test_a_reply_that_is_not_in_the_trace(self):
        self.assertTrue(self.wrong(WRITE, SYNC))

    def test_syncs_are_counted(self):
        self.assertEqual(sync_count(parse([WRITE, SYNC, SYNC, REPLY])), 2)


if __name__ == '__main__':
    unittest.main()
