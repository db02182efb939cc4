import unittest

from service import Visits


class VisitsTest(unittest.TestCase):
    def test_paths_are_counted_apart(self):
        visits = Visits()
        self.assertEqual([visits.visit('/a'), visits.visit('/b'), visits.visit('/a')], [1, 1, 2])
