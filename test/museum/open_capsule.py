"""Opens a capsule as a stranger does: by its own README.txt, DuckDB and pyarrow, with nothing of ours.

    python -I open_capsule.py FOLDER SERIAL LOT

Runs the README's blocks as they stand, in the folder, and prints what the readers saw as JSON.
"""

import contextlib
import io
import json
import os
import socket
import sys

import duckdb
import pyarrow.parquet


def blocks(text):
    """(language, code) of each block: what is indented by four, behind a line that names the language."""
    language, code = None, []
    for line in text.split("\n") + [""]:
        if line.startswith("    ") or (line == "" and code and language):
            code.append(line[4:])
            continue
        if code and language:
            yield language, "\n".join(code).strip("\n")
        code = []
        if line != "":
            named = [name for name in ("DuckDB", "Python") if line.endswith(":") and name in line]
            language = named[0] if named else None


def has_network():
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=0.2).close()
        return True
    except OSError as error:
        # Unreachable at once: a machine with a network would wait for an answer.
        return isinstance(error, TimeoutError)


def main(folder, serial, lot):
    os.chdir(folder)
    with open("README.txt", encoding="utf-8") as file:
        readme = file.read().replace("THE-SERIAL", serial).replace("THE-LOT", lot)
    database = duckdb.connect()
    answers, said, space = [], io.StringIO(), {}
    for language, code in blocks(readme):
        if language == "DuckDB":
            for statement in filter(str.strip, code.split(";")):
                answers.append(database.execute(statement).fetchall())
        else:
            with contextlib.redirect_stdout(said):
                exec(code, space)
    with open("records.jsonl", encoding="utf-8") as file:
        lines = file.read().splitlines()
    table = pyarrow.parquet.read_table("records.parquet").to_pylist()
    rows = database.execute("select record from 'records.parquet'").fetchall()
    print(
        json.dumps(
            {
                "network": has_network(),
                "duckdb": {"answers": answers, "same": [row[0] for row in rows] == lines},
                "pyarrow": {"same": [row["record"] for row in table] == lines, "first": table[0]},
                "python": said.getvalue().splitlines(),
            },
            default=str,
        )
    )


main(*sys.argv[1:])
