"""The scores, for people and for docs/accuracy.md."""

from pathlib import Path

from .sheet import Failure

# Events in the order people are told of them, with what they are called.
EVENTS = {"fall": "fall (쓰러짐)", "loiter": "loitering (배회)",
          "intrusion": "intrusion (침입)", "abandon": "abandonment (유기)",
          "camera": "camera fault (카메라 이상)"}


def lines(result: dict, intervals: dict, sheets: list[tuple[Failure, Path]]) -> list[str]:
    """Markdown: a table of events, one of clips, one of worsened clips, and the failures."""
    scored = result["as they are"]
    parts = [by_event(scored, intervals), by_clip(scored)]
    if len(result) > 1:
        parts.append(by_way(result))
    parts.append(failed(sheets))
    return [line for part in parts for line in (*part, "")][:-1]


def by_event(scored: dict, intervals: dict) -> list[str]:
    rows = ["| event | true | false | missed | precision | recall | F1 | 95 % of drawings | onset error, median and worst |",
            "|---|---|---|---|---|---|---|---|---|"]
    for key, name in EVENTS.items():
        figures = scored["events"][key]
        precision, recall, f1 = (ratio(figures, name) for name in ("precision", "recall", "f1"))
        low, high = intervals.get(key, (None, None))
        between = f"{low:.2f} to {high:.2f}" if low is not None else "-"
        onset = "-"
        if figures["onset_error_median_s"] is not None:
            onset = f"{figures['onset_error_median_s']:.1f} s, {figures['onset_error_worst_s']:.1f} s"
        rows.append(f"| {name} | {figures['tp']} | {figures['fp']} | {figures['fn']} "
                    f"| {precision} | {recall} | {f1} | {between} | {onset} |")
    return [*rows, "", f"{len(scored['clips'])} clips, {scored['video_s']:.0f} s of video."]


def by_clip(scored: dict) -> list[str]:
    rows = ["| clip | alarms by onset, and what is missing |", "|---|---|"]
    for clip in scored["clips"]:
        alarms = [f"{alarm['type']} {alarm['onset_s']:.1f} {alarm['judged']['verdict']}"
                  for alarm in clip["alarms"]]
        missed = [f"{miss['type']} {miss['start_s']:.1f} **missed**" for miss in clip["missed"]]
        rows.append(f"| {clip['clip']} | {' · '.join(alarms + missed) or '-'} |")
    return rows


def by_way(result: dict) -> list[str]:
    rows = ["| clips | " + " | ".join(f"F1 {name}" for name in EVENTS) + " | false alarms |",
            "|---" * (len(EVENTS) + 2) + "|"]
    for name, scored in result.items():
        events = [scored["events"][key] for key in EVENTS]
        scores = " | ".join(ratio(figures, "f1") for figures in events)
        rows.append(f"| {name} | {scores} | {sum(figures['fp'] for figures in events)} |")
    return rows


def failed(sheets: list[tuple[Failure, Path]]) -> list[str]:
    if not sheets:
        return ["On the clips as they are nothing failed."]
    return ["What failed, with its contact sheet:", "",
            *(f"- {failure.clip}: {failure.words} (`{path.name}`)" for failure, path in sheets)]


def ratio(figures: dict, name: str) -> str:
    """One of an event's ratios; nothing told and nothing to tell has none."""
    counted = figures["tp"] + figures["fp"] + figures["fn"]
    return f"{figures[name]:.3f}" if counted else "-"
