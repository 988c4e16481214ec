"""Spectra of many detectors: time of flight (IN6) and backscattering (IN16, IN13).

A sub-spectrum is the spectrum of a detector or of a monitor. Source: real files of IN6, IN16 and IN13, in which the
monitor sums, the elastic line, temperatures and times agree with the positions of the tables.
"""

from __future__ import annotations

import numpy as np

from nxconvert.arrays import Array
from nxconvert.readers.ill.build import Making, add_plot, by_length, header_items
from nxconvert.readers.ill.fields import finite, sum_of
from nxconvert.scan import Field


def tof(making: Making) -> None:
    """Take monitor spectra, then detector spectra, with the time of flight of their channels and their angles."""
    from nxconvert.readers.ill.families import spectra

    scan, counts, known = making.scan, making.counts, making.known
    monitors = known.whole("monitors")
    if monitors is None or len({item.count for item in counts}) != 1 or not 0 <= monitors < len(counts):
        spectra(making)
        return
    channels = counts[0].count
    scan.metadata["acquisition_mode"] = Field("acquisition_mode", 1)
    time = None
    width, delay = known.number("channel_width"), known.number("delay")
    if width is not None and delay is not None and width > 0:
        time = Field("time_of_flight", delay + (np.arange(channels) + 0.5) * width, ("channel",), "us")
    for number in range(monitors):
        _monitor(making, number, Field("data", making.reading.decode(counts[number]), ("channel",)))
        total = known.number(f"monitor_{number + 1}_sum")
        if number == 0 and total is not None:
            scan.monitor["integral"] = Field("integral", np.float64(total), (), "counts")
    if monitors and time is not None:
        scan.monitor["time_of_flight"] = time
    items = counts[monitors:]
    data = Field("data", making.stack(items, (channels,)), ("spectrum", "channel"))
    polar = _angles(known.values.get("scattering_angles"), monitors, len(items))
    making.detector("detector", data=data, time_of_flight=time, polar_angle=polar, **header_items(making))
    if known.instrument == "IN6":
        scan.notes["remark"] = Field("remark", f"channel {channels} of the spectra, the last one, is not meaningful")
    add_plot(scan, "data", data, (None, time), (polar,) if polar is not None else ())


def _angles(angles: Array | None, first: int, count: int) -> Field | None:
    if angles is None or angles.ndim != 1 or len(angles) < first + count:
        return None
    return Field("polar_angle", angles[first : first + count].copy(), ("spectrum",), "degree")


def _monitor(making: Making, number: int, data: Field) -> None:
    """Add the spectrum of a monitor: ``data`` for the first one, ``data_2`` ... for the others."""
    name = "data" if number == 0 else f"data_{number + 1}"
    data.name = name
    making.scan.monitor[name] = data


def backscattering(making: Making) -> None:
    """Take detector spectra, then monitor spectra; what has another length are the diffraction detectors."""
    from nxconvert.readers.ill.families import spectra

    known, scan = making.known, making.scan
    _wavelength(making)
    if known.instrument == "IN13":
        if not _temperatures(making):
            spectra(making)
        return
    detectors, monitors = known.whole("detectors"), known.whole("monitors")
    groups = by_length(making.counts)
    if detectors is None or monitors is None or not groups or detectors < 1 or monitors < 0:
        spectra(making)
        return
    if detectors + monitors > len(groups[0]):
        spectra(making)
        return
    items = [making.counts[index] for index in groups[0]]
    channels = items[0].count
    data = Field("data", making.stack(items[:detectors], (channels,)), ("spectrum", "channel"))
    lists = [known.values.get(name) for name in ("multidetector_angles", "single_detector_angles")]
    angles = np.concatenate([np.atleast_1d(item) for item in lists if item is not None] or [np.empty(0)])
    polar = _angles(angles, 0, detectors) if len(angles) == detectors else None
    making.detector("detector", data=data, polar_angle=polar, **header_items(making))
    for number in range(monitors):
        _monitor(making, number, Field("data", making.reading.decode(items[detectors + number]), ("channel",)))
    total = known.number("monitor_1_sum")
    if monitors and total is not None:
        scan.monitor["integral"] = Field("integral", np.float64(total), (), "counts")
    add_plot(scan, "data", data, (None, None), (polar,) if polar is not None else ())
    rest = items[detectors + monitors :]
    if rest:
        making.detector("other", data=Field("data", making.stack(rest, (channels,)), ("other", "channel")))
    for number, members in enumerate(groups[1:], 1):
        others = [making.counts[index] for index in members]
        name = "diffraction" if number == 1 else f"diffraction_{number}"
        value = making.stack(others, (others[0].count,))
        if len(others) == 1 and isinstance(value, np.ndarray):
            making.detector(name, data=Field("data", value[0], ("diffraction_detector",)))
        else:
            making.detector(name, data=Field("data", value, ("spectrum", "diffraction_detector")))


def _wavelength(making: Making) -> None:
    """Give the wavelength of neutrons that the analyser sends straight back: twice its spacing."""
    spacing = making.known.number("analyser_spacing")
    if spacing is not None and spacing > 0:
        making.scan.instrument["wavelength"] = Field("wavelength", np.float64(2 * spacing), (), "angstrom")


def _temperatures(making: Making) -> bool:
    """Take a scan of the temperature on IN13, whose spectra hold one number per temperature; False where it is none."""
    known, scan, counts = making.known, making.scan, making.counts
    points, total = known.whole("temperatures"), known.whole("spectra")
    if known.whole("scan_type") != 0 or points is None or total is None or total < 3:
        return False
    detectors = total - 2
    if len(counts) < detectors + 4 or any(item.count != points for item in counts) or points < 1:
        return False
    values = np.stack([making.reading.decode(item) for item in counts])
    making.column("temperature", finite(values[detectors + 3]) / 100, "K")
    making.column("temperature_setpoint", finite(values[detectors + 2]) / 100, "K")
    making.column("monitor", finite(values[detectors]), "counts")
    for number in (*range(detectors + 1, detectors + 2), *range(detectors + 4, len(counts))):
        making.column(f"spectrum_{number + 1}", values[number])
    scan.axes["temperature"] = scan.columns["temperature"]
    scan.monitor["data"] = scan.columns["monitor"]
    scan.monitor["integral"] = Field("integral", sum_of(finite(values[detectors])), (), "counts")
    data = Field("data", np.ascontiguousarray(values[:detectors].T), ("point", "spectrum"))
    making.detector("detector", data=data)
    add_plot(scan, "data", data, (scan.columns["temperature"], None))
    return True
