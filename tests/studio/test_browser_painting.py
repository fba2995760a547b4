"""Painting the hole in a real browser: brush, eraser, rectangle, keys, fingers."""

import numpy as np
import pytest

from tests.studio.acting import FILLED, at, brushed, canvas, hole, problems, set_value
from tests.studio.made_up import TEST_SIZE, asymmetric_mask, photograph

pytestmark = pytest.mark.slow


def test_a_test_image_comes_with_its_hole(show, folder):
    page = show()
    np.testing.assert_array_equal(canvas(page, "picture")[..., :3], photograph(*TEST_SIZE, 0))
    np.testing.assert_array_equal(hole(page), asymmetric_mask(*TEST_SIZE, 0) == 255)
    page.click("#tests button:nth-child(2)")
    page.wait("document.querySelector('#tests button:nth-child(2)').ariaPressed === 'true'")
    np.testing.assert_array_equal(canvas(page, "picture")[..., :3], photograph(*TEST_SIZE, 1))
    np.testing.assert_array_equal(hole(page), asymmetric_mask(*TEST_SIZE, 1) == 255)
    assert "60 × 44 pixels, 6.8 % hole" in page.text("#state")
    assert problems(page) == []


def test_brush_and_eraser_paint_what_they_touch(show):
    page = show()
    page.click("#clear")
    assert not hole(page).any()
    set_value(page, "size", 7)
    places = [(20, 9), (41, 30), (12, 25)]
    page.drag("#hole", *(at(*place) for place in places))
    wanted = brushed(*TEST_SIZE, 7, *places)
    np.testing.assert_array_equal(hole(page), wanted)
    page.click("label:has(#erase)")
    set_value(page, "size", 4)
    page.drag("#hole", at(30, 2), at(30, 43))
    wanted &= ~brushed(*TEST_SIZE, 4, (30, 2), (30, 43))
    np.testing.assert_array_equal(hole(page), wanted)
    set_value(page, "size", 1)
    page.click("label:has(#erase)")
    page.drag("#hole", at(0, 43))
    wanted[43, 0] = True
    np.testing.assert_array_equal(hole(page), wanted)


def test_undo_redo_rectangle_clear_invert(show):
    page = show()
    states = [hole(page)]
    page.click("label:has([value=rectangle])")
    page.drag("#hole", at(50, 40), at(20, 20), at(33, 11))
    wanted = states[0].copy()
    wanted[11:41, 33:51] = True
    np.testing.assert_array_equal(hole(page), wanted)
    states.append(wanted)
    page.click("#invert")
    states.append(~wanted)
    page.click("#clear")
    states.append(np.zeros_like(wanted))
    page.click("#clear")  # changes nothing, and so is no step
    for state in reversed(states[:-1]):
        page.click("#undo")
        np.testing.assert_array_equal(hole(page), state)
    assert page.value("document.getElementById('undo').disabled")
    for state in states[1:]:
        page.press("z", control=True, shift=True)
        np.testing.assert_array_equal(hole(page), state)
    assert page.value("document.getElementById('redo').disabled")
    page.press("z", control=True)
    page.drag("#hole", at(35, 12), at(37, 13))
    assert page.value("document.getElementById('redo').disabled"), "a new step forgets what was undone"
    page.press("z", control=True)
    page.press("y", control=True)
    assert hole(page)[12:14, 35:38].all()


def test_one_state_is_one_hole_even_where_the_first_steps_are_forgotten(show):
    """205 steps, of which 200 are kept, all undone, and then others: a result must not come back over another hole."""
    seen = show().value(
        """Promise.all([import('./history.js'), import('./hole.js')]).then(([{ History }, { Hole }]) => {
        const hole = new Hole(23, 11), history = new History(hole), seen = [];
        const look = () => seen.push([history.state, hole.data.join('')]);
        const paint = (at) => {
            const x = at % 23, y = Math.floor(at / 23);
            history.begin();
            history.end(hole.rectangle(x, y, x, y, 1));
            look();
        };
        look();
        for (let at = 0; at < 205; at++) paint(at);
        while (history.undo()) look();
        while (history.redo()) look();
        while (history.undo()) look();
        for (let at = 252; at > 247; at--) paint(at);
        while (history.undo()) look();
        return seen;
        })"""
    )
    assert len(seen) == 1 + 205 + 3 * 200 + 2 * 5
    holes = {state: {hole for number, hole in seen if number == state} for state, _ in seen}
    assert [state for state, those in holes.items() if len(those) > 1] == []
    assert seen[-1] == seen[5], "five steps are forgotten"


def test_everything_by_keys(show):
    page = show()
    page.click("#clear")
    page.value("document.getElementById('hole').focus()")
    set_value(page, "size", 6)
    x, y = TEST_SIZE[0] // 2, TEST_SIZE[1] // 2
    page.press("ArrowLeft", "ArrowUp")
    page.press("ArrowRight", shift=True)
    page.press(" ")
    wanted = brushed(*TEST_SIZE, 6, (x - 3 + 1, y - 3))
    np.testing.assert_array_equal(hole(page), wanted)
    page.press("]")
    assert page.value("document.getElementById('size').value") == "8"
    page.press("[", "[", "r", " ")
    page.press("ArrowDown", "ArrowRight", shift=True)
    page.press("Escape")
    np.testing.assert_array_equal(hole(page), wanted)
    page.press(" ")
    page.press(*["ArrowDown"] * 4, *["ArrowRight"] * 11, shift=True)
    page.press(" ")
    wanted[y - 3 + 1 : y - 3 + 6, x - 1 : x + 11] = True
    np.testing.assert_array_equal(hole(page), wanted)
    page.press("i")
    np.testing.assert_array_equal(hole(page), ~wanted)
    page.press("z", control=True)
    page.press("Enter")
    page.wait(FILLED, 60)
    assert "took" in page.text("#state")
    page.value("document.getElementById('split').focus()")
    page.press("Home")
    assert page.value("getComputedStyle(document.getElementById('result')).clipPath") == "inset(0px 0px 0px 0%)"
    page.press("i")
    np.testing.assert_array_equal(hole(page), wanted)
    assert problems(page) == []


def test_a_finger_paints_and_two_do_not(show):
    page = show(width=390, height=780, phone=True)
    page.value("document.getElementById('clear').click()")
    set_value(page, "size", 5)
    left, top, width, height = page.box("#hole")

    def touch(kind, *pixels):
        points = [
            {"x": left + x * width, "y": top + y * height, "id": number}
            for number, (x, y) in enumerate(at(*pixel) for pixel in pixels)
        ]
        page.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    touch("touchStart", (10, 10))
    touch("touchMove", (40, 31))
    touch("touchEnd")
    wanted = brushed(*TEST_SIZE, 5, (10, 10), (40, 31))
    np.testing.assert_array_equal(hole(page), wanted)
    touch("touchStart", (10, 40))
    page.value("document.getElementById('hole').dispatchEvent(new PointerEvent('pointercancel'))")
    touch("touchEnd")
    np.testing.assert_array_equal(hole(page), wanted)
