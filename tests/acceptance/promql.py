"""The part of PromQL that deploy/ uses, evaluated on scrapes of a real worker.

Selectors, ranges, absent, increase, rate, histogram_quantile, sum/min/max with `by`, `*` and
comparisons with a number. What is not in here is refused, so a rule can't pass by not being read.
A range is from the first scrape to the last one, whatever it says; seconds between two are 1.
"""

import re
from collections import defaultdict

from prometheus_client.parser import text_string_to_metric_families

_TOKEN = re.compile(r'\s*([a-zA-Z_:][\w:]*|"[^"]*"|\d+(?:\.\d+)?[smhd]?|[<>=!]=|[{}()\[\],=<>*])')
_FOLDS = {"sum": sum, "min": min, "max": max}


class Scrapes:
    """What a target said, scrape by scrape; a scrape that failed is empty."""

    def __init__(self, *texts):
        self.scrapes = [
            {
                (sample.name, tuple(sorted(sample.labels.items()))): sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
            }
            for text in texts
        ]

    def names(self):
        return {name for scrape in self.scrapes for name, _ in scrape}

    def ask(self, expression):
        """The vector that an expression gives: labels → value."""
        return _Reader(expression, self.scrapes).whole()


def metric_names(expression):
    return set(re.findall(r"\bimport_\w+", expression))


class _Reader:
    def __init__(self, expression, scrapes):
        self.tokens = [match[1] for match in _TOKEN.finditer(expression)]
        assert "".join(self.tokens) == re.sub(r"\s", "", expression), expression
        self.scrapes = scrapes

    def whole(self):
        value = self.term()
        if self.tokens:
            sign, number = self.take(), float(self.take())
            match sign:
                case "*":
                    value = {labels: one * number for labels, one in value.items()}
                case ">":
                    value = {labels: one for labels, one in value.items() if one > number}
                case "<":
                    value = {labels: one for labels, one in value.items() if one < number}
                case "==":
                    value = {labels: one for labels, one in value.items() if one == number}
                case _:
                    raise NotImplementedError(sign)
        assert not self.tokens, self.tokens
        return value

    def take(self, expected=None):
        token = self.tokens.pop(0)
        assert expected in {None, token}, (expected, token)
        return token

    def term(self):
        name = self.take()
        if name in _FOLDS:
            return self.fold(_FOLDS[name])
        if self.tokens and self.tokens[0] == "(":
            self.take("(")
            functions = {
                "absent": self.absent,
                "increase": self.increase,
                "rate": self.increase,
                "histogram_quantile": self.histogram_quantile,
            }
            value = functions[name]()
            self.take(")")
            return value
        return self.select(name)

    def fold(self, function):
        kept = []
        if self.tokens[0] == "by":
            self.take("by")
            self.take("(")
            while (label := self.take()) != ")":
                kept.append(label)
        self.take("(")
        groups = defaultdict(list)
        for labels, value in self.term().items():
            groups[tuple(pair for pair in labels if pair[0] in kept)].append(value)
        self.take(")")
        return {labels: function(values) for labels, values in groups.items()}

    def matcher(self, name):
        wanted = []
        if self.tokens and self.tokens[0] == "{":
            self.take("{")
            label, _, value = self.take(), self.take("="), self.take().strip('"')
            wanted.append((label, value))
            self.take("}")
        return lambda scrape: {
            labels: value
            for (sample, labels), value in scrape.items()
            if sample == name and all(pair in labels for pair in wanted)
        }

    def select(self, name):
        return self.matcher(name)(self.scrapes[-1])

    def absent(self):
        return {} if self.select(self.take()) else {(): 1.0}

    def increase(self):
        choose = self.matcher(self.take())
        self.take("[")
        self.take()
        self.take("]")
        first, last = choose(self.scrapes[0]), choose(self.scrapes[-1])
        return {labels: value - first.get(labels, 0) for labels, value in last.items()}

    def histogram_quantile(self):
        share = float(self.take())
        self.take(",")
        buckets = defaultdict(list)
        for labels, count in self.term().items():
            edge = float(dict(labels)["le"].replace("+Inf", "inf"))
            buckets[tuple(pair for pair in labels if pair[0] != "le")].append((edge, count))
        return {
            labels: next(edge for edge, count in sorted(counts) if count >= share * max(counts)[1])
            for labels, counts in buckets.items()
            if max(counts)[1] > 0
        }
