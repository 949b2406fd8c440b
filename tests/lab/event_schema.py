"""docs/schema/event.schema.json, and whether events fulfil it."""

import json
from pathlib import Path

import jsonschema

FILE = Path(__file__).resolve().parents[2] / "docs" / "schema" / "event.schema.json"
SCHEMA = json.loads(FILE.read_text())


def problems(events):
    """What is wrong with them, a line each."""
    validator = jsonschema.Draft7Validator(SCHEMA)
    return [f"{event.get('event_type')} {event.get('seq')}: {each.json_path}: {each.message}"
            for event in events for each in validator.iter_errors(event)]
