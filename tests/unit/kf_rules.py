"""The rules of the written analysis as a checker: `problems(folder, language)` lists what a run's document breaks.

It knows the format and the run's files, and nothing of the code that writes them.
"""

import json
import re
from itertools import pairwise
from pathlib import Path

import yaml

DOCUMENT = "ITERATION_ANALYSIS.md"
TITLES = {
    "en": ("Data Profile", "Iteration History", "Thinking Process", "Final Results", "Key Learnings"),
    "ru": ("Профиль данных", "История итераций", "Ход рассуждений", "Итоговые результаты", "Основные выводы"),
}
RESULTS = {
    "en": ("§4.1 In-Sample", "§4.2 Out-of-Sample Validation"),
    "ru": ("§4.1 На обучающей выборке", "§4.2 Проверка на отложенной выборке"),
}
WORDS = {
    "en": {
        "source": "Source", "primary": "Primary source: .+ read", "key": "Key", "value": "Value", "old": "Old",
        "not computed": "not computed", True: "pass", False: "fail", "closed": "closed", "yes": "yes", "no": "no",
        "unclear": "unclear", "both_gates": "both gates passed", "budget": "the budget of iterations was spent",
        "no_candidate": "no remedy is left that training rows and folds speak for",
    },
    "ru": {
        "source": "Источник", "primary": "Первоисточник: .+ прочитан", "key": "Ключ", "value": "Значение",
        "old": "Было", "not computed": "не вычислено", True: "пройдено", False: "не пройдено", "closed": "закрыто",
        "yes": "да", "no": "нет", "unclear": "неясно", "both_gates": "обе проверки пройдены",
        "budget": "бюджет итераций исчерпан",
        "no_candidate": "не осталось мер, за которые говорят обучающие строки и фолды",
    },
}  # fmt: skip
"""The few words of the format by language, and those that stand for values."""

JARGON = ("MECE", "fractal", "DRY", "Minto", "holographic", "Knowledge Framework", "BFO")
SHARES = (
    "coverage_80", "share_of_spend", "zero_share", "fold_coverage_80", "fold_media_gain", "crps_gain", "lower_80",
    "upper_80", "lower", "upper", "chance_pass_probability",
)  # fmt: skip
"""Keys that hold a share and are printed as a percentage."""

SHARE_CHECKS = ("prior_contraction", "prior_predictive", "negative_baseline")
"""Codes of the checks whose value is a share."""

NODES, LABEL_WORDS, HEADER_WORDS = (5, 12), (1, 3), (2, 5)

DATE = r"\d{4}-\d{2}-\d{2}"
SOURCE = re.compile(rf"\((?:Source|Источник): (?P<path>[^()→]+?)(?: → (?P<key>[^\s()]+))?, (?P<date>{DATE})\)")
HEADER = re.compile(r"^\*\*(?P<name>.+) \((?P<kind>Continuant - TD|Occurrent - LR)\):\*\*$")
HEADING = re.compile(r"^(?P<level>##+) §(?P<number>\d+\.\d+) (?P<title>.+)$")
PARAGRAPH = re.compile(r"^\*\*¶(\d+) [^*]+:\*\*")
REFERENCE = re.compile(r"§(\d+\.\d+)(?: ¶(\d+))?")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")
NODE = re.compile(r'^ +([A-Za-z]\w*)\["([^"\[\]]+)"\]$')
EDGE = re.compile(r'^ +([A-Za-z]\w*) -->(?:\|"[^"|]+"\|)? ([A-Za-z]\w*)$')
RESERVED = {"end", "graph", "subgraph", "style", "class", "click", "default", "flowchart"}


def problems(folder: Path, language: str = "en") -> list[str]:
    """Return every rule that the document in a run's directory breaks, as sentences; none if it is sound."""
    text, words = (folder / DOCUMENT).read_text(encoding="utf-8"), WORDS[language]
    found = [*order_problems(text, words), *section_problems(text, language)]
    found += [*jargon_problems(text), *reference_problems(text)]
    for direction, diagram in zip(("TD", "LR"), diagrams(text), strict=False):
        found += diagram_problems(diagram, direction)
    found += [*source_problems(text, folder, words), *table_problems(text, folder, words)]
    return [*found, *iteration_problems(text, folder, words)]


# --- form ------------------------------------------------------------------------------------------------------------


def diagrams(text: str) -> list[str]:
    """Return the Mermaid diagrams of a document."""
    return re.findall(r"^```mermaid\n(.*?)^```$", text, flags=re.M | re.S)


def order_problems(text: str, words: dict) -> list[str]:
    """Check title → thesis → overview → two diagrams → §1.0 to §5.0."""
    blocks = re.split(r"\n\n+", text.split("\n## ", 1)[0].strip())
    if len(blocks) != 7:
        return [f"before §1.0 stand {len(blocks)} blocks, expected title, thesis, overview, two headed diagrams"]
    title, thesis, overview, continuant, first, occurrent, second = blocks
    found = []
    if not re.fullmatch(r"# [^\n]+", title):
        found.append(f"the title is {title!r}")
    if not re.fullmatch(r"[^\n]+\.", thesis) or re.search(r"[.!?] [A-ZА-Я]", thesis):
        found.append("the thesis is not one sentence")
    if [n for n, _ in REFERENCE.findall(thesis)] != sorted({n for n, _ in REFERENCE.findall(thesis)}):
        found.append("the thesis does not preview the sections in order")
    if {n[0] for n, _ in REFERENCE.findall(thesis)} != set("12345"):
        found.append("the thesis does not preview every section")
    if "\n" in overview or [n for n, _ in REFERENCE.findall(overview)] != [f"{i}.0" for i in range(1, 6)]:
        found.append("the overview does not introduce each section in order, in one paragraph")
    if not re.search(rf"{words['primary']} {DATE}, SHA-256 `[0-9a-f]{{64}}` \({words['source']}: .+\)\.$", overview):
        found.append("the overview does not end with the primary source")
    for header, kind, block in ((continuant, "Continuant - TD", first), (occurrent, "Occurrent - LR", second)):
        match = HEADER.match(header)
        if match is None or match["kind"] != kind:
            found.append(f"{header!r} is no header of a {kind} diagram")
        elif not HEADER_WORDS[0] <= len(match["name"].split()) <= HEADER_WORDS[1]:
            found.append(f"the header {match['name']!r} has not 2-5 words")
        if not block.startswith("```mermaid\ngraph " + kind[-2:]):
            found.append(f"after {header!r} stands no {kind[-2:]} diagram")
    return found


def sections(text: str) -> list[tuple[int, str, str, str]]:
    """Return level, number, title and body of each section."""
    lines, found = text.split("\n"), []
    starts = [i for i, line in enumerate(lines) if line.startswith("#") and i > 0]
    for start, end in pairwise([*starts, len(lines)]):
        match = HEADING.match(lines[start])
        body = "\n".join(lines[start + 1 : end])
        found.append(
            (len(match["level"]), match["number"], match["title"], body) if match else (0, "", lines[start], "")
        )
    return found


def section_problems(text: str, language: str) -> list[str]:
    """Check fixed titles, numbering without gaps, and numbered paragraphs from ¶1 in every section."""
    found, previous = [], ("0", -1)
    main = [f"§{number} {title}" for level, number, title, _ in sections(text) if level == 2]
    if main != [f"§{i}.0 {title}" for i, title in enumerate(TITLES[language], start=1)]:
        found.append(f"the sections are {main}")
    results = [f"§{number} {title}" for level, number, title, _ in sections(text) if level == 3 and number[0] == "4"]
    if results != list(RESULTS[language]):
        found.append(f"the subsections of §4.0 are {results}")
    for level, number, title, body in sections(text):
        whole, part = number.split(".") if number else ("?", "0")
        expected = 0 if level == 2 else previous[1] + 1 if whole == previous[0] else None
        if level not in (2, 3) or int(part) != expected:
            found.append(f"the heading {number or title!r} is out of order")
        previous = (whole, int(part))
        numbers = [int(n) for line in body.split("\n") for n in PARAGRAPH.findall(line)]
        if not numbers or numbers != list(range(1, len(numbers) + 1)):
            found.append(f"§{number} has the paragraphs {numbers}")
        first = next((line for line in body.split("\n") if line), "")
        if not PARAGRAPH.match(first):
            found.append(f"§{number} does not begin with ¶1")
    return found


def jargon_problems(text: str) -> list[str]:
    """Check that the document doesn't talk about its format; names in code style are the data's own."""
    prose = re.sub(r"`[^`]*`", "", text)
    return [f"the word {word!r} occurs" for word in JARGON if re.search(rf"\b{word}\b", prose)]


def reference_problems(text: str) -> list[str]:
    """Check that every §X.Y and §X.Y ¶N that is referred to exists."""
    known = {number: set(re.findall(r"^\*\*¶(\d+) ", body, flags=re.M)) for _, number, _, body in sections(text)}
    found = []
    for number, paragraph in REFERENCE.findall(text):
        if number not in known:
            found.append(f"§{number} is referred to and does not exist")
        elif paragraph and paragraph not in known[number]:
            found.append(f"§{number} ¶{paragraph} is referred to and does not exist")
    return found


def diagram_problems(diagram: str, direction: str) -> list[str]:
    """Check one flowchart against a strict grammar: `id["label"]` lines, then `a --> b` or `a -->|"text"| b` lines."""
    lines = diagram.rstrip("\n").split("\n")
    found, nodes, linked = [], {}, set()
    if lines[0] != f"graph {direction}":
        found.append(f"a diagram begins with {lines[0]!r}")
    for line in lines[1:]:
        if node := NODE.match(line):
            if node[1] in nodes or node[1] in RESERVED or linked:
                found.append(f"the node {node[1]!r} is declared twice, late, or with a reserved name")
            nodes[node[1]] = node[2]
        elif edge := EDGE.match(line):
            linked |= {edge[1], edge[2]}
        else:
            found.append(f"{line!r} is neither a node nor an edge")
    if linked != set(nodes):
        found.append(f"nodes without an edge, or edges without a node: {sorted(linked ^ set(nodes))}")
    if not NODES[0] <= len(nodes) <= NODES[1]:
        found.append(f"the {direction} diagram has {len(nodes)} nodes")
    for label in nodes.values():
        if not LABEL_WORDS[0] <= len(label.split()) <= LABEL_WORDS[1]:
            found.append(f"the label {label!r} has not 1-3 words")
    return found


# --- ground truth ----------------------------------------------------------------------------------------------------


def source_problems(text: str, folder: Path, words: dict) -> list[str]:
    """Check that every cited file and picture exists, and every cited key holds the value before the citation."""
    found = [f"the picture {path} does not exist" for path in IMAGE.findall(text) if not (folder / path).is_file()]
    for line in text.split("\n"):
        start = 0
        for match in SOURCE.finditer(line):
            claim, start = line[start : match.start()].rstrip(), match.end()
            if not (folder / match["path"]).is_file():
                found.append(f"{match['path']} is cited and does not exist")
            elif match["key"] and not agrees(claim, *cited(folder / match["path"], match["key"]), words):
                found.append(f"{match[0]} does not hold what is said: {claim[-60:]!r}")
        if line.count(f"({words['source']}:") != len(SOURCE.findall(line)):
            found.append(f"a citation has not the form ({words['source']}: path → key, date): {line[:80]!r}")
    return found


def table_problems(text: str, folder: Path, words: dict) -> list[str]:
    """Check the tables with a column of keys against the file cited last.

    Last column: a row holds the figures of one record, whose keys stand in the first row. Else with values: a row holds
    one figure. Else: the changes of a decision.
    """
    found, source = [], (None, None)
    for block in re.split(r"\n\n+", text):
        if match := list(SOURCE.finditer(block)):
            source = (match[-1]["path"], match[-1]["key"])
        rows = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in block.split("\n") if line.startswith("|")]
        if not rows or words["key"] not in rows[0]:
            continue
        if rows[0][-1] == words["key"]:
            found += record_problems([cells(line) for line in block.strip().split("\n")], folder / source[0], words)
        elif words["value"] in rows[0]:
            for _, key, value in rows[2:]:
                name = key.strip("`")
                if not agrees(value.replace("`", ""), resolve(folder / source[0], name), name, words):
                    found.append(f"{source[0]} → {key} does not hold {value}")
        else:
            changes = resolve(folder / source[0], source[1])
            shown = [[cell.strip("`").replace("\\|", "|") for cell in row[:3]] for row in rows[2:]]
            if shown != [[c["key"], plain(c["old"]), plain(c["new"])] for c in changes]:
                found.append(f"{source[0]} does not hold the changes {shown}")
    return found


def cells(line: str) -> list[str]:
    """Return the cells of a table's line, empty ones too."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def record_problems(rows: list[list[str]], path: Path, words: dict) -> list[str]:
    """Check a table of records: header, rule, keys of the columns, then one record per row with its own key last.

    The folds' records name the same figures without `oos_`.
    """
    found, keys = [], [key.strip("`") for key in rows[2]]
    for row in rows[3:]:
        record = resolve(path, row[-1].strip("`"))
        for key, cell in zip(keys[1:-1], row[1:-1], strict=True):
            if not key:
                continue
            name = key if key in record else key.removeprefix("oos_")
            if name not in record or not agrees(cell.replace("`", ""), record[name], name, words):
                found.append(f"{path.name} → {row[-1]} does not hold {cell!r} as {key}")
    return found


def iteration_problems(text: str, folder: Path, words: dict) -> list[str]:
    """Check that §2.0, §2.n, §3.n and the tables of figures show the iterations of the log, and their figures."""
    log = json.loads((folder / "iteration_log.json").read_text(encoding="utf-8"))
    expected = [entry["iteration"] for entry in log]
    found = []
    for chapter in "23":
        shown = [int(n.split(".")[1]) for level, n, _, _ in sections(text) if level == 3 and n[0] == chapter]
        if shown != expected:
            found.append(f"§{chapter}.0 shows the iterations {shown}, the log has {expected}")
    body = next((body for _, number, _, body in sections(text) if number == "2.0"), "")
    tables = [block.strip() for block in body.split("\n\n") if block.startswith("|")]
    if len(tables) != 2:
        found.append(f"§2.0 has {len(tables)} tables")
    for block in tables:
        found += _log_problems([cells(line) for line in block.split("\n")], log, words)
    return found


def _log_problems(rows: list[list[str]], log: list[dict], words: dict) -> list[str]:
    """Check one table of §2.0: header, rule, keys, limits, then one row per iteration."""
    found, expected = [], [entry["iteration"] for entry in log]
    keys, figures = [cell.strip("`") for cell in rows[2][1:]], rows[4:]
    if [int(row[0]) for row in figures] != expected:
        found.append(f"the table of §2.0 shows the iterations {[row[0] for row in figures]}")
    for row, entry in zip(figures, log, strict=False):
        for key, cell in zip(keys, row[1:], strict=True):
            value = entry[key]
            if isinstance(value, bool):
                is_closed = key == "oos_passed" and not entry["oos_evaluated"]
                agreed = cell == (words["closed"] if is_closed else words[value])
            else:
                agreed = agrees(cell, value, key, words)
            if not agreed:
                found.append(f"§2.0 says {cell!r} of {key} at iteration {entry['iteration']}, the log {value}")
    return found


def cited(path: Path, key: str) -> tuple[object, str]:
    """Return what stands at a key, and the key; a share that is some check's value has the key of a share."""
    value, check = resolve(path, key), re.fullmatch(r"(checks\[\d+\])\.value", key)
    is_share = check is not None and resolve(path, check[1])["code"] in SHARE_CHECKS
    return value, SHARES[0] if is_share else key


def resolve(path: Path, key: str):
    """Return what stands at a key such as `source.sha256`, `checks[3].value` or `sampler.seed`."""
    text = path.read_text(encoding="utf-8")
    node = yaml.safe_load(text) if path.suffix == ".yaml" else json.loads(text)
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", key):
        node = node[name] if name else node[int(index)]
    return node


def agrees(claim: str, value, key: str, words: dict) -> bool:
    """Tell whether a text ends with a value: a number to its printed precision, a text as it stands."""
    if value is None:
        return words["not computed"] in claim
    if isinstance(value, dict | list | bool):
        return True
    if isinstance(value, str):
        value = words.get(value, value)
        said, meant = (re.sub(r"[`\\]", "", " ".join(t.split())) for t in (claim, value))
        return said.endswith(meant.rstrip(".;: "))
    numbers = NUMBER.findall(claim)
    if not numbers:
        return False
    if key.split(".")[-1] in SHARES:
        value *= 100
    decimals = len(numbers[-1].partition(".")[2])
    return abs(float(numbers[-1]) - value) <= 0.5 * 10.0**-decimals + 1e-9


def plain(value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
