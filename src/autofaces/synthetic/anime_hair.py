"""The hair of an anime character: locks, fringe, the mass behind, and what is worn in it."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from autofaces.synthetic.anime_colours import Paint, mix, times
from autofaces.synthetic.anime_sheet import BEND, Array, Sheet, arc, curve, on_face, path, point
from autofaces.synthetic.face import Face


class _Lock:
    """A tuft of hair between two roots, running out into a tip: points (3,) and how far its middle bends out."""

    def __init__(self, left: Sequence[float], right: Sequence[float], tip: Sequence[float], bend: float = 0.0) -> None:
        a, b, c = (np.array(p, float) for p in (left, right, tip))
        out = np.array([bend, 0, 0])
        self.left = arc(a, 0.45 * a + 0.55 * c + [0, -0.05, 0.06] + out - 0.12 * (b - a), c)
        self.right = arc(b, 0.45 * b + 0.55 * c + [0, -0.05, 0.06] + out + 0.12 * (b - a), c)

    def ring(self) -> Array:
        return np.concatenate([self.left, self.right[::-1]])

    def between(self, share: float | Array) -> Array:
        """A strand inside it, from 0 the left edge to 1 the right one."""
        return self.left + share * (self.right - self.left)

    def paint(self, sheet: Sheet, paint: Paint, lit_from: float) -> None:
        sheet.fill(self.ring(), paint.hair)
        reach = 0.5 * np.sin(np.pi * BEND)
        dark, inner = (self.left, reach) if lit_from > 0 else (self.right, 1 - reach)
        sheet.fill(np.concatenate([dark, self.between(inner)[::-1]]), (*paint.hair_shadow, 190))
        sheet.stroke(self.between(0.5)[3:8], (*paint.hair_ink, 110), 0.6, 0, 0)
        for edge in (self.left, self.right):
            sheet.stroke(edge[1:], paint.hair_ink, 1.0, 0.0, 0.7)


_FRINGES = {
    "short": "locks", "parted": "parted", "swept": "swept", "bangs": "blunt", "long": "locks", "wavy": "swept",
    "curly": "curls", "afro": "puff", "buzz": "none", "bald": "bald",
}  # fmt: skip


class Hair:
    """The character's hair: fringe and side locks in front, the mass behind, and what is worn in it."""

    def __init__(self, face: Face, rng: np.random.Generator) -> None:
        self.face = face
        self.style = face.hair_style
        self.kind = _FRINGES[self.style]
        girl = not face.male
        self.long = self.style in ("long", "wavy") or (girl and self.style in ("bangs", "curly"))
        self.volume = 0.14 + 0.16 * face.hair_volume
        self.end = 0.5 + 0.55 * (face.hair_length - 1) if self.long else (0.75 if girl else 0.45)
        self.tails = girl and self.kind != "bald" and rng.random() < (0.5 if self.style in ("curly", "bangs") else 0.15)
        self.worn = str(rng.choice(("none", "ribbon", "band", "clip", "ahoge"), p=(0.4, 0.18, 0.12, 0.15, 0.15)))
        self.part = 0.8 * face.hair_part
        self.wild = rng.normal(0, 1, (16, 2))  # what makes every character's locks differ
        self.count = int(rng.integers(5, 9))
        self.fringe = self._fringe()
        self.sides = self._sides()

    def _fringe(self) -> list[_Lock]:
        face, kind = self.face, self.kind
        root = -0.88 - 0.3 * face.recession

        def on(x: float, y: float) -> Array:
            return np.array([x, y, np.sqrt(max(1.3 - x * x - 0.3 * y * y, 0.05))])

        edges = np.linspace(-0.98, 0.98, self.count + 1)
        locks = []
        edges[1:-1] += 0.09 * self.wild[1 : self.count, 1]
        for k, (a, b) in enumerate(pairwise(edges)):
            middle, (jx, jy) = 0.5 * (a + b), 0.06 * self.wild[k]
            y0, y1 = root + 0.42 * a * a, root + 0.42 * b * b
            match kind:
                case "locks":
                    tip = on(0.86 * middle + 0.8 * jx + 0.12 * np.sign(self.part), -0.03 + 0.2 * middle**2 + 1.6 * jy)
                case "blunt":
                    tip = on(0.95 * middle, -0.14 + 0.5 * jy)
                case "swept":
                    to = np.sign(self.part) or 1
                    tip = on(np.clip(middle + 0.5 * to, -1.02, 1.02), -0.2 + 0.34 * abs(middle + 0.5 * to) ** 2 + jy)
                case "parted":
                    to = np.sign(middle - self.part) or 1
                    tip = on(np.clip(middle + 0.42 * to, -1.03, 1.03), -0.45 + 0.85 * abs(middle + 0.3 * to) + jy)
                case "curls":
                    tip = on(0.9 * middle + 1.5 * jx, -0.38 + 0.3 * middle**2 + jy)
                case _:
                    return []
            spread = 0.16 if kind == "blunt" else 0.07
            locks.append(_Lock(on(a - spread, y0), on(b + spread, y1), tip, bend=0.06 * np.sign(middle)))
        if kind in ("parted", "swept"):
            to = self.part if kind == "parted" else -np.sign(self.part)
            locks.sort(key=lambda lock: -abs(lock.left[0, 0] - to))  # those at the parting lie on top
        return locks

    def _sides(self) -> list[_Lock]:
        if self.kind in ("none", "bald", "puff"):
            return []
        low = 0.4 if self.face.male else 0.85 + 0.3 * self.face.hair_volume
        locks = []
        for side in (-1, 1):
            j = 0.05 * self.wild[8 + side]
            a, b = (side * (1.08 + 0.5 * self.volume), -0.5, 0.1), (side * 0.78, -0.55, 0.5)
            tip = (side * (0.96 + j[0]), low + j[1], 0.25)
            locks.append(_Lock(*((a, b) if side < 0 else (b, a)), tip, bend=side * 0.16))
        return locks

    def crown(self) -> Array:
        """(n, 2) the outline of the hair over the skull, from the left ear to the right one."""
        turn = -0.1 * np.sin(np.radians(self.face.yaw))
        angle = np.linspace(np.pi * 1.08, -np.pi * 0.08, 25)
        bumps = 1 + 0.012 * np.sin(9 * angle + 3 * self.wild[15, 0])
        wide, high = (1.03, 0.94) if self.kind == "none" else (1.09 + 0.5 * self.volume, 0.98 + self.volume)
        return np.c_[wide * np.cos(angle) * bumps + turn, -0.34 - high * np.sin(angle) * bumps]

    def back(self, sheet: Sheet, paint: Paint) -> None:
        """All that lies behind neck and face."""
        if self.kind in ("bald", "none"):
            return
        fill, ink = paint.hair_shadow, paint.hair_ink
        if self.tails:
            self._tails(sheet, paint)
        if self.kind == "puff":
            angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
            r = 1.42 + 0.2 * self.face.hair_volume + 0.035 * np.abs(np.sin(11 * angle))
            sheet.fill(np.c_[r * np.cos(angle), -0.38 + 0.95 * r * np.sin(angle)], paint.hair, ink, 0.6)
            sheet.fill(np.c_[0.86 * r * np.cos(angle), -0.2 + 0.82 * r * np.sin(angle)], (*fill, 160))
            return
        end, wave = self.end, 0.09 if self.style in ("wavy", "curly") else 0.0
        flare = 1.12 + 0.6 * self.volume if self.long else 1.02 + 0.3 * self.volume
        y = np.linspace(-0.4, end, 14)
        x = flare + (0.1 if self.long else 0.03) * np.sin((y + 0.4) * 1.7) + wave * np.sin(7 * y)
        if self.face.male and not self.long:
            x = x - 0.35 * np.clip(y, 0, 1)
        tips = np.linspace(x[-1], -x[-1], 13)
        zig = np.c_[tips, end + np.where(np.arange(13) % 2, 0.22, 0.0) * (1 + 0.3 * self.wild[:13, 0])]
        outline = np.concatenate([np.c_[x, y], zig, np.c_[-x, y][::-1], self.crown()])
        sheet.fill(outline, fill, ink, 0.6)
        for side in (-1, 1):  # strands
            for k in range(4):
                t = 1 - 0.09 * k
                light = (*paint.hair, 220) if k % 2 == 0 else (*paint.hair_ink, 120)
                strand = np.c_[side * t * x, y + 0.05 * k][2:]
                sheet.stroke(strand - [side * 0.06, 0], light, 2.4 if k % 2 == 0 else 0.7, 0, 0)

    def _tails(self, sheet: Sheet, paint: Paint) -> None:
        for side in (-1, 1):
            out = 0.16 * self.wild[6, 0]
            for k, (dx, dy) in enumerate(((0.36, 1.5), (0.62, 1.15), (0.5, 1.35))):
                root = point(side * 1.0, -0.75, -0.2)
                tip = root + point(side * (dx + out), dy + 0.25 * self.wild[k, 1] + 0.2 * self.face.hair_length, 0)
                a, b = root + point(-0.14, -0.14 + 0.05 * k, 0), root + point(0.14, 0.1, 0)
                _Lock(a, b, tip, bend=side * (0.55 + 0.1 * k)).paint(sheet, paint, self.face.light_side)
            x, y = sheet.place(path((side * 1.0, -0.75)))[0]
            r = 0.1 * sheet.unit
            sheet.draw.ellipse((x - r, y - r, x + r, y + r), paint.ribbon, paint.hair_ink, round(0.5 * sheet.pen))

    def ears(self, sheet: Sheet, paint: Paint) -> None:
        if self.long or self.kind == "puff":
            return
        for side in (-1, 1):
            s = self.face.ear_size
            ear = path((0.98, -0.14), (1.1, -0.2), (1.17, -0.05), (1.12, 0.2), (1.0, 0.34), (0.92, 0.3)) * [side, 1]
            ear = curve((ear - [side, 0]) * s + [side, 0.02], 4, closed=True)
            sheet.fill(ear, paint.skin, paint.skin_ink, 0.5)
            sheet.stroke(path((1.04, -0.08), (1.1, -0.02), (1.05, 0.16)) * [side, 1], paint.skin_ink, 0.7)

    def front(self, sheet: Sheet, paint: Paint) -> None:
        """The cap over the skull, fringe and side locks."""
        face, ink = self.face, paint.hair_ink
        if self.kind == "bald":
            sheet.glow(on_face(path((-0.3 * np.sign(face.light_side), -0.85)))[0], 0.35, 0.2, (255, 255, 255), 0.6)
            return
        line = -0.62 - 0.35 * face.recession - (0.12 if self.kind == "none" else 0)
        rim = curve(
            on_face(path((1.03, 0.0), (0.9, -0.38), (0.55, line - 0.02), (0, line - 0.12), (-0.55, line - 0.02),
                             (-0.9, -0.38), (-1.03, 0.0)))
        )  # fmt: skip
        crown = self.crown()
        crown = crown[crown[:, 1] < 0.02]
        cap = np.concatenate([np.c_[crown, np.zeros(len(crown))], rim])
        fill = mix(paint.hair, paint.hair_shadow, 0.5 * (self.kind == "none"))
        if self.kind != "puff":
            sheet.stroke(crown, ink, 2.2, 0.6, 0.6)
        sheet.fill(cap, fill)
        if self.kind in ("none", "puff"):
            self._fuzz(sheet, paint, rim)
            return
        self._gloss(sheet, paint)
        for lock in self.sides:
            lock.paint(sheet, paint, face.light_side)
        if self.kind == "blunt":
            self._blunt(sheet, paint)
        else:
            for lock in self.fringe:
                lock.paint(sheet, paint, face.light_side)
        if self.kind == "curls":
            self._curls(sheet, paint)

    def _fuzz(self, sheet: Sheet, paint: Paint, rim: Array) -> None:
        """The texture of hair too short or too curled for locks, all over the cap and along its border."""
        short = self.kind == "none"
        rng = np.random.default_rng(int(1e6 * abs(self.wild[0, 0])))
        spots = rng.uniform(-1, 1, (70, 2)) * [0.98, 0.62] + [0, -0.95]
        spots = spots[np.hypot(spots[:, 0] / 1.05, (spots[:, 1] + 0.36) / (0.95 + 0.4 * (not short))) < 1]
        for k, (x, y) in enumerate(spots[spots[:, 1] < -0.62 + 0.2 * spots[:, 0] ** 2]):
            tuft = path((x - 0.05, y), (x, y - 0.05), (x + 0.05, y))
            light = k % 3 == 0
            sheet.stroke(tuft, (*(paint.hair_light if light else paint.hair_ink), 110), 0.8 if short else 1.3, 0.2, 0.2)
        for k in range(0, len(rim) - 1, 2):
            a, b = rim[k], rim[k + 1]
            tip = 0.5 * (a + b) + [0, 0.05 if short else 0.08, 0]
            sheet.fill(np.stack([a * [1.03, 1, 1], tip, b]), mix(paint.hair, paint.hair_shadow, 0.5 * short))
            sheet.stroke(np.stack([a, tip, b]), (*paint.hair_ink, 120), 0.6)

    def _blunt(self, sheet: Sheet, paint: Paint) -> None:
        """A fringe cut straight above the eyes."""
        x = np.linspace(0.97, -0.97, 2 * self.count + 1)
        y = -0.13 + 0.16 * x * x + np.where(np.arange(len(x)) % 2, 0.045, -0.015)
        low = np.c_[x, y, np.sqrt(np.maximum(1.3 - x * x - 0.3 * y * y, 0.05))]
        high = curve(on_face(path((-0.95, -0.5), (-0.5, -0.85), (0, -0.95), (0.5, -0.85), (0.95, -0.5))))
        sheet.fill(np.concatenate([low, high]), paint.hair)
        sheet.stroke(low, paint.hair_ink, 1.1, 0.6, 0.6)
        for k in range(1, len(x) - 1):
            root = low[k] * [0.86, 1, 1] + [0, -0.3 - 0.2 * abs(self.wild[k % 16, 0]), 0.02]
            colour = (*paint.hair_ink, 200) if k % 2 == 0 else (*paint.hair_shadow, 200)
            sheet.stroke(arc(root, 0.5 * (root + low[k]), low[k]), colour, 1.0 if k % 2 == 0 else 2.2, 0, 0.7)

    def _curls(self, sheet: Sheet, paint: Paint) -> None:
        for k, (jx, jy) in enumerate(self.wild[:11]):
            a = np.pi * (0.02 + 0.096 * k)
            x, y = 1.08 * np.cos(a) + 0.05 * jx, -0.42 - 0.92 * np.sin(a) + 0.04 * jy
            t = np.linspace(0, 4.6, 13)
            r = 0.2 * (1 - 0.13 * t)
            sheet.stroke(np.c_[x + r * np.cos(t + jx), y + r * np.sin(t + jx)], (*paint.hair_ink, 210), 0.9, 0.2, 0.2)
            sheet.stroke(np.c_[x + 0.7 * r * np.cos(t), y + 0.7 * r * np.sin(t)][3:9], (*paint.hair_light, 170), 1.6)

    def _gloss(self, sheet: Sheet, paint: Paint) -> None:
        """Strands from the crown, and the band of light around it."""
        face = self.face
        whorl = np.array([self.part * 0.5, -1.22 - self.volume, 0.35])
        ends = np.linspace(-0.95, 0.95, 15)
        for k, x in enumerate(ends):
            end = np.array([x, -0.62 + 0.3 * x * x, np.sqrt(max(1.25 - x * x, 0.05))])
            strand = arc(whorl, np.array([0.75 * x, -1.12 - 0.5 * self.volume, 0.8]), end)
            dark = k % 2 == 0
            sheet.stroke(strand[1:], (*(paint.hair_ink if dark else paint.hair_shadow), 90 if dark else 170),
                         0.7 if dark else 1.8, 0, 0)  # fmt: skip
        x = np.linspace(-0.8, 0.8, 33)
        at = 0.25 * np.sin(np.radians(face.light_side))
        fade = np.clip(1.1 - np.abs(x - at) / 0.75, 0, 1)
        tooth = np.abs((np.arange(33) + int(9 * abs(self.wild[3, 0]))) % 4 - 2) / 2
        y = -0.98 + 0.36 * x * x - 0.5 * self.volume
        depth = np.sqrt(np.maximum(1.15 - x * x - 0.3, 0.02))
        top = np.c_[x, y - 0.05 * fade * tooth, depth]
        low = np.c_[x, y + fade * (0.05 + 0.11 * tooth), depth]
        sheet.fill(np.concatenate([top, low[::-1]]), (*paint.hair_light, 205))

    def ornament(self, sheet: Sheet, paint: Paint) -> None:
        """What girls wear in their hair; a tuft that stands up."""
        if self.kind in ("bald", "none", "puff"):
            return
        if self.worn == "ahoge":
            root = point(self.part * 0.5, -1.3 - self.volume, 0.2)
            tip = root + point(0.35 * (np.sign(self.part) or 1), -0.12, 0)
            _Lock(root - point(0.07, -0.1, 0), root + point(0.07, 0.1, 0), tip, bend=-0.1).paint(sheet, paint, 0)
        if self.face.male:
            return
        ink = times(paint.ribbon, 0.45, 0.4, 0.45)
        side = 1 if self.wild[0, 1] > 0 else -1
        if self.worn == "band":
            x = np.linspace(-1.06, 1.06, 17) * (1 + 0.3 * self.volume)
            y = -0.42 - 0.86 * np.sqrt(np.maximum(1 - (x / 1.16) ** 2, 0)) - 0.3 * self.volume
            z = 0.35 * np.ones_like(x)
            sheet.fill(np.concatenate([np.c_[x, y - 0.07, z], np.c_[x, y + 0.06, z][::-1]]), paint.ribbon, ink, 0.4)
        elif self.worn == "clip":
            at = point(side * 0.62, -0.62, 0.75)
            for lean in (-0.07, 0.07):
                bar = path((-0.13, -lean, 0), (0.13, lean, 0)) + at
                sheet.stroke(bar, ink, 3.4, 1, 1)
                sheet.stroke(bar, paint.ribbon, 2.4, 1, 1)
        elif self.worn == "ribbon":
            at = point(side * 0.82, -0.95, 0.3)
            for wing in (-1, 1):
                bow = path((0, 0, 0), (wing * 0.2, -0.2, 0), (wing * 0.34, -0.16, 0), (wing * 0.32, 0.12, 0)) + at
                sheet.fill(curve(bow, 4, closed=True), paint.ribbon, ink, 0.5)
                sheet.stroke(path((0, 0, 0), (wing * 0.2, -0.03, 0)) + at, ink, 0.7)
            x, y = sheet.place(at[None])[0]
            r = 0.065 * sheet.unit
            sheet.draw.ellipse((x - r, y - r, x + r, y + r), paint.ribbon, ink, round(0.4 * sheet.pen))
