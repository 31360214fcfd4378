"""Series written by ctforge, pushed to a real Orthanc, found there and pulled back, equal in every element.

Usage: python orthanc_round_trip.py CTFORGE [COUNT]
       (needs pydicom, and Debian's packages orthanc, orthanc-dicomweb and dcmtk; says so and stops where they are absent)
  CTFORGE  the program, which writes a phantom cohort as DICOM into a temporary folder
  COUNT    objects of the comparison of throughput with storescu; 0 leaves it out (default 500)

Orthanc runs on ports of its own for as long as the test, its data in the temporary folder. Pushed by C-STORE, by C-STORE
over TLS and by STOW-RS, pulled by C-GET and C-MOVE (after TLS: over TLS, both ways) and by WADO-RS; compared are all elements of
the data sets, those of nested sequences too. File meta headers may change.

Printed with Orthanc 1.10.1, orthanc-dicomweb 1.7 and pydicom 3.0.2, four series of 32 slices, one of them oblique, with a
segmentation each (pull.labels):
  pushed by C-STORE: 132 objects, all found
  pulled by C-GET: 132 objects, 20009 elements, all equal
  pulled by C-MOVE: 132 objects, 20009 elements, all equal
  pulled by WADO-RS: 132 objects, 20009 elements, all equal
and the same after C-STORE over TLS and after STOW-RS.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Orthanc:
    """A server of its own folder, listening until stop()."""

    def __init__(self, folder, tls=None):
        self.http, self.dicom, self.destination = free_port(), free_port(), free_port()
        folder.mkdir()
        settings = {
            "StorageDirectory": str(folder), "IndexDirectory": str(folder), "Plugins": [PLUGIN],
            "HttpPort": self.http, "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
            "DicomAet": "ORTHANC", "DicomCheckCalledAet": True, "DicomPort": self.dicom,
            "DicomAlwaysAllowStore": True, "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True, "OverwriteInstances": False,
            "DicomModalities": {
                "CTFORGE": {"AET": "CTFORGE", "Host": "localhost", "Port": self.destination, "UseDicomTls": bool(tls)}
            },
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Ssl": False},
        }  # fmt: skip
        if tls:
            settings |= {
                "DicomTlsEnabled": True, "DicomTlsCertificate": str(tls / "certificate.pem"),
                "DicomTlsPrivateKey": str(tls / "key.pem"), "DicomTlsTrustedCertificates": str(tls / "certificate.pem"),
            }  # fmt: skip
        (folder / "orthanc.json").write_text(json.dumps(settings))
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen([ORTHANC, str(folder / "orthanc.json")], stdout=log, stderr=log)
        for _ in range(120):
            try:
                self.get("system")
                return
            except OSError:
                time.sleep(0.25)
        raise SystemExit("Orthanc does not start: " + (folder / "log").read_text()[-2000:])

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/{path}", timeout=10) as answer:
            return json.load(answer)

    def instances(self):
        return self.get("statistics")["CountInstances"]

    def address(self, web):
        return f"http://127.0.0.1:{self.http}/dicom-web" if web else f"localhost:{self.dicom}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def run(*command):
    start = time.monotonic()
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=900)
    if result.returncode != 0:
        raise SystemExit(f"{command[1]} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return time.monotonic() - start


def elements(dataset, prefix=()):
    """{(path of tags): (VR, value)} of everything in a data set."""
    found = {}
    for element in dataset:
        path = (*prefix, int(element.tag))
        if element.VR == "SQ":
            found[path] = ("SQ", len(element.value))
            for number, item in enumerate(element.value):
                found |= elements(item, (*path, number))
        else:
            found[path] = (element.VR, bytes(element.value) if isinstance(element.value, bytes) else str(element.value))
    return found


def by_uid(files):
    import pydicom

    sets = [pydicom.dcmread(file) for file in files]
    return {str(one.SOPInstanceUID): elements(one) for one in sets}


def compare(sent, folder, how):
    came = by_uid(sorted(folder.rglob("*.dcm")))
    assert came.keys() == sent.keys(), f"{how}: {len(came)} objects came, {len(sent)} were sent"
    count = 0
    for uid, one in sent.items():
        differing = [path for path in one.keys() | came[uid].keys() if one.get(path) != came[uid].get(path)]
        assert not differing, f"{how}: {len(differing)} elements differ, the first is {[hex(t) for t in differing[0]]}"
        count += len(one)
    print(f"{how}: {len(sent)} objects, {count} elements, all equal")


def make_certificate(folder):
    """One for both sides, signed by itself."""
    folder.mkdir()
    run("openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
        "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem")  # fmt: skip
    return folder


def tls_settings(section, tls):
    values = {"enabled": "true", "certificate": tls / "certificate.pem", "key": tls / "key.pem",
              "authorities": tls / "certificate.pem"}  # fmt: skip
    return [word for key, value in values.items() for word in ("-s", f"{section}.tls.{key}={value}")]


def round_trips(ctforge, folder):
    run(ctforge, "phantom", "-o", folder / "run", "-s", "phantom.format=dicom", "-s", "phantom.patients=4")
    cohort = folder / "run" / "cohort"
    sent = by_uid(sorted(cohort.rglob("*.dcm")))
    certificates = make_certificate(folder / "tls")
    for how, web, tls in (("C-STORE", False, None), ("C-STORE over TLS", False, certificates), ("STOW-RS", True, None)):
        name = how.replace(" ", "-")
        orthanc = Orthanc(folder / f"orthanc-{name}", tls)

        def settings(section, over_web, tls=tls):
            called = [] if over_web else ["-s", f"{section}.called=ORTHANC"]
            return called + (tls_settings(section, tls) if tls else [])

        try:
            out = folder / f"push-{name}"
            push = [ctforge, "push", orthanc.address(web), "--from", cohort, "-o", out, "--verify", *settings("push", web)]
            run(*push)
            assert orthanc.instances() == len(sent)
            ledger = json.loads(next((out / "push").glob("*.json")).read_text())
            assert ledger["found"] == len(sent) == len(ledger["objects"]), ledger
            run(*push)  # sends nothing
            print(f"pushed by {how}: {len(sent)} objects, all found")
            move = ["-s", "pull.method=move", "-s", f"pull.listen_port={orthanc.destination}"]
            ways = {"C-GET": (False, []), "C-MOVE": (False, move), "WADO-RS": (True, [])}
            for way, (over_web, extra) in ways.items():
                if over_web and tls:
                    continue
                to = folder / f"pull-{name}-{way}"
                pull = [ctforge, "pull", orthanc.address(over_web), "-o", to, *settings("pull", over_web), *extra,
                        "-s", "pull.labels=true"]  # fmt: skip
                run(*pull)
                compare(sent, to, f"pulled by {way}{' over TLS' if tls else ''}")
                next(to.rglob("*.dcm")).unlink()
                run(*pull)  # the one that is missing
                assert json.loads((to / "pull.json").read_text())["received"] == 1
        finally:
            orthanc.stop()


def throughput(ctforge, folder, count):
    """Seconds for `count` objects of 512x512, by ctforge and by storescu, each into an empty Orthanc."""
    import pydicom
    from pydicom.uid import generate_uid

    one = pydicom.dcmread(next((folder / "run" / "cohort").rglob("CT*.dcm")))
    one.Rows = one.Columns = 512
    one.PixelData = bytes(512 * 512 * 2)
    many = folder / "many"
    many.mkdir()
    for number in range(count):
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        one.InstanceNumber = number + 1
        one.save_as(many / f"{number:06}.dcm")
    rates = {"ctforge push": [], "storescu": []}
    for trial in range(2):
        for name, rate in rates.items():
            orthanc = Orthanc(folder / f"orthanc-{name.replace(' ', '-')}-{trial}")
            try:
                if name == "storescu":
                    seconds = run("storescu", "+sd", "-aec", "ORTHANC", "127.0.0.1", orthanc.dicom, many)
                else:
                    seconds = run(ctforge, "push", orthanc.address(False), "--from", many, "-o", folder / f"rate-{trial}",
                                  "-s", "push.called=ORTHANC")  # fmt: skip
                assert orthanc.instances() == count
                rate.append(count / seconds)
            finally:
                orthanc.stop()
    for name, rate in rates.items():
        print(f"{name}: {' and '.join(f'{r:.0f}' for r in rate)} objects of 512x512 a second, start of the program included")


def main():
    missing = [name for name in (ORTHANC, PLUGIN) if not os.path.exists(name)]
    missing += [name for name in ("storescu",) if not shutil.which(name)]
    try:
        import pydicom  # noqa: F401
    except ImportError:
        missing.append("pydicom")
    if missing:
        print("skipped: not here: " + ", ".join(missing))
        return
    ctforge = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with tempfile.TemporaryDirectory() as folder:
        round_trips(ctforge, pathlib.Path(folder))
        if count:
            throughput(ctforge, pathlib.Path(folder), count)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main()
