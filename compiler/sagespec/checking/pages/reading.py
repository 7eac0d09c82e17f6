"""Pages of what the YAML reader says: texts that are not YAML, or hold what JSON cannot."""

from __future__ import annotations

from sagespec.checking.page import ERROR, JSON, OURS, WARNING, YAML, Page

PAGES = (
    Page(
        "unreadable-file",
        ERROR,
        OURS,
        """
        The file cannot be read.

        It is not there, may not be read, or is not a regular file: a device, a pipe or a socket could make a run wait
        for ever. `-` reads standard input.
        """,
    ),
    Page(
        "not-read-as-a-manifest",
        ERROR,
        OURS,
        """
        A YAML file of a folder looks like a manifest, and is not read as one.

        Its `apiVersion` is misspelt or missing, or the manifest stands in a list. What is passed over in silence is
        missed only when somebody looks for the job, and `--prune` would take it for gone. A file that has nothing to
        do with sagespec is passed over; one of another tool whose `apiVersion` reads so much alike needs
        `--allow not-read-as-a-manifest`.
        """,
    ),
    Page(
        "passed-over",
        WARNING,
        OURS,
        """
        A file that is, or may be, a manifest is not read.

        It lies in a hidden folder or behind a link to a folder, it cannot be read, or it is not the file itself: a
        pointer of git-lfs, a text that git-crypt has encrypted. Until it is read, `--prune` stops nothing: what it
        describes is not known.
        """,
    ),
    Page(
        "defaults-not-read",
        WARNING,
        OURS,
        """
        A Defaults document lies in a file that no manifest looks for.

        Defaults are read from files named `sagespec.yaml`, in the manifest's folder and above.
        """,
    ),
    Page(
        "not-utf8",
        ERROR,
        YAML + "#52-character-encodings",
        """
        The file is not UTF-8.

        Every JSON-compatible YAML file is; the position is that of the first byte that is not. A byte order mark is
        allowed.
        """,
    ),
    Page(
        "file-too-large",
        ERROR,
        OURS,
        """
        The file holds more than a million characters.

        The largest request that SageMaker accepts is far smaller. The limit keeps one file from stopping a run.
        """,
    ),
    Page(
        "invalid-yaml",
        ERROR,
        YAML,
        """
        The text is not YAML.

        Nothing after this point of the file can be read, so other mistakes may show when this one is cured. The
        usual reasons: a tab in the indentation, a value that holds ': ' or begins with one of { [ % @ ` & * ! | >
        without quotes, a bracket or a quote that is never closed.

        Bad:
            tags: {team: vision

        Good:
            tags: {team: vision}
        """,
    ),
    Page(
        "nested-too-deep",
        ERROR,
        OURS,
        """
        Lists and maps are nested deeper than 64 levels.

        No manifest needs it, and endless nesting (an alias that holds itself, too) would stop the reader.

        Bad:
            hyperparameters:
              layers: &layers [*layers]

        Good:
            hyperparameters:
              layers: [64, 32]
        """,
    ),
    Page(
        "too-many-values",
        ERROR,
        OURS,
        """
        One document holds more than 100,000 values, or more than a million characters.

        Each use of an alias counts as all that it stands for: a few lines of aliases of aliases can stand for more
        than any memory holds.

        Bad:
            hyperparameters:
              aa: &aa [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
              bb: &bb [*aa, *aa, *aa, *aa, *aa, *aa, *aa, *aa, *aa, *aa]
              cc: &cc [*bb, *bb, *bb, *bb, *bb, *bb, *bb, *bb, *bb, *bb]
              dd: &dd [*cc, *cc, *cc, *cc, *cc, *cc, *cc, *cc, *cc, *cc]
              ee: [*dd, *dd, *dd, *dd, *dd, *dd, *dd, *dd, *dd, *dd]

        Good:
            hyperparameters:
              aa: &aa [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
              bb: [*aa, *aa]
        """,
    ),
    Page(
        "too-many-documents",
        ERROR,
        OURS,
        """
        One file holds more than 1,000 documents.

        The limit keeps one file from stopping a run. Jobs that differ in a few values are one document with a
        `matrix`; others can be given several files.
        """,
    ),
    Page(
        "key-not-a-string",
        ERROR,
        JSON + "#section-4",
        """
        A key is a list or a map.

        The names of fields are strings. An expression without quotes looks like a map to YAML, too: `{{ x }}` must
        stand in quotes.

        Bad:
            tags:
              {{ vars.team }}: yes

        Good:
            tags:
              team: vision
        """,
    ),
    Page(
        "duplicate-key",
        ERROR,
        YAML + "#3211-nodes",
        """
        A map has the same key twice.

        YAML forbids it, but most readers keep one of the two without a word, and they disagree about which one.

        Bad:
            volume_size: 30
            volume_size: 40

        Good:
            volume_size: 40
        """,
    ),
    Page(
        "merge-not-a-map",
        ERROR,
        "https://yaml.org/type/merge.html",
        """
        What `<<` brings in is not a map.

        The merge key takes an alias of a map, or a list of such aliases.

        Bad:
            tags:
              <<: vision

        Good:
            hyperparameters: &common {batch-size: 64}
            environment:
              <<: {TEAM: vision}
        """,
    ),
    Page(
        "number-too-long",
        ERROR,
        OURS,
        """
        A number has more than 400 digits.

        No training job has such a number, and reading it takes time that grows with the square of its length. Put it
        in quotes if it is a text.
        """,
    ),
    Page(
        "number-too-large",
        ERROR,
        JSON + "#section-6",
        """
        A number is larger than any floating-point number.

        It would become infinity, which JSON cannot hold.

        Bad:
            hyperparameters: {clip: 1e400}

        Good:
            hyperparameters: {clip: 1e4}
        """,
    ),
    Page(
        "number-not-finite",
        ERROR,
        JSON + "#section-6",
        """
        Infinity and NaN are not JSON numbers.

        Hyperparameters travel as JSON, so they could not be sent.

        Bad:
            hyperparameters: {clip: .inf}

        Good:
            hyperparameters: {clip: 1e9}
        """,
    ),
    Page(
        "ambiguous-scalar",
        WARNING,
        "https://yaml.org/type/bool.html",
        """
        Some YAML readers take this text for a boolean or a number.

        YAML 1.1 reads yes, no, on and off as booleans, 012 as ten, 1:30 as ninety and 1_000 as a thousand. Here they
        are texts. Quotes make every reader agree; `--fix` puts them there.

        Bad:
            hyperparameters: {shuffle: yes, start: 012}

        Good:
            hyperparameters: {shuffle: true, start: "012"}
        """,
    ),
    Page(
        "curly-quotes",
        ERROR,
        YAML + "#732-single-quoted-style",
        """
        A text stands in curly quotes, which are not quotes to YAML.

        Word processors and chats turn quotes into “these”. YAML takes them for a part of the text: a version “2.21”
        is none, and a script would get them with its value. `--fix` puts straight ones there. Who means them writes
        straight quotes around them.

        Bad:
            hyperparameters: {optimizer: “adam”}

        Good:
            hyperparameters: {optimizer: "adam"}
        """,
    ),
    Page(
        "yaml-tag",
        ERROR,
        YAML + "#24-tags",
        """
        A value has a YAML tag.

        Tags such as `!!python/object` ask a reader to build objects of its own language. Only JSON's types exist
        here; the one tag that is allowed is `!!str`.

        Bad:
            hyperparameters: !!python/dict {rate: 0.1}

        Good:
            hyperparameters: {rate: 0.1}
        """,
    ),
)
