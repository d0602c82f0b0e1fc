package io.moe4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser, at the widths of a phone, a tablet and a screen. */
class BrowserTest {

    @TempDir
    private Path folder;

    @Test
    void thePageIsDrawnAndReadable() throws IOException {
        Optional<Path> program = Browser.find();
        assumeTrue(program.isPresent(),
                () -> "no browser is on the path; to run this test, install one of " + Browser.NAMES);
        Path one = folder.resolve("one.html");
        Path several = folder.resolve("several.html");
        Path broken = folder.resolve("broken.html");
        Path long1 = RunFolderFixture.make(folder.resolve("a-run-with-a-rather-long-name-20261129-021500"), 1200, 3, 8);
        Path short1 = RunFolderFixture.make(folder.resolve("b"), 40, 2, 4);
        Report.of(List.of(long1)).write(one);
        Report.of(List.of(long1, short1)).write(several);
        List<ProcessHandle> processes;
        try (Browser browser = Browser.open(program.get(), folder.resolve("profile"))) {
            browser.show(one, 360, false);
            check(browser, one, 360, 10);
            assertEquals("training,validation", keyOfTheLoss(browser));
            assertEquals(2, coloursOfTheLoss(browser), "training and validation have colours of their own");
            assertEquals("", keyOf(browser, "Gradient norm"), "one curve needs no key");
            browser.show(several, 360, true);
            check(browser, several, 360, 10);
            browser.show(one, 768, true);
            check(browser, one, 768, 10);
            browser.show(several, 1280, false);
            check(browser, several, 1280, 10);
            assertEquals("training,validation", keyOfTheLoss(browser));
            assertEquals(2, coloursOfTheLoss(browser), "each run has a colour of its own");
            keyboardReadsValues(browser);
            aPartIsShownAndAllAgain(browser);
            assertTrue(browser.print().length() > 10_000, "the printed page has something on it");
            assertEquals(List.of(), browser.complaints(several));

            // The checks can fail: a page that asks for something outside, and complains.
            Files.writeString(broken, Files.readString(one).replace("<noscript>", "<img src=\"x.png\"><noscript>")
                    .replace("'use strict';", "'use strict'; console.error('planted');"));
            browser.show(broken, 360, false);
            assertTrue(browser.complaints(broken).stream().anyMatch(each -> each.contains("planted")));
            processes = browser.processes();
        }
        assertTrue(processes.size() > 1, "the browser has processes of its own");
        assertEquals(List.of(), processes.stream().filter(ProcessHandle::isAlive).toList(),
                "processes that were left behind");
    }

    private static void check(Browser browser, Path page, int width, int figures) {
        assertEquals(List.of(), browser.complaints(page), () -> page + " at " + width);
        assertEquals("true", browser.evaluate("document.documentElement.dataset.ready").asString());
        assertTrue(browser.evaluate("document.documentElement.scrollWidth").asInt() <= width,
                () -> page + " is wider than " + width);
        assertTrue(browser.evaluate("document.querySelectorAll('figure').length").asInt() >= figures);
        assertEquals(0,
                browser.evaluate("[...document.querySelectorAll('.plot svg')].filter(each => !each.getAttribute("
                        + "'aria-label') || each.getAttribute('tabindex') !== '0').length").asInt(),
                "curves without a description");
        assertEquals(0, browser.evaluate("[...document.querySelectorAll('table')].filter(each => !each.caption).length")
                .asInt(), "tables without a caption");
        assertEquals(0, browser.evaluate("[...document.querySelectorAll('path')].filter(each => each.getAttribute('d')"
                + ".includes('NaN')).length").asInt(), "curves with points that are no numbers");
        assertEquals(2, browser.evaluate("document.querySelectorAll('svg image').length").asInt(), "maps of experts");
    }

    private static String keyOfTheLoss(Browser browser) {
        return keyOf(browser, "Loss");
    }

    /** What a chart says of its curves, with commas between the names. */
    private static String keyOf(Browser browser, String chart) {
        return browser.evaluate("[...document.querySelectorAll('figure')].find(each => each.querySelector('h3')"
                + ".textContent === '" + chart + "').querySelectorAll('.key-of-curves span').values()"
                + ".map(each => each.textContent).toArray().join()").asString();
    }

    private static int coloursOfTheLoss(Browser browser) {
        return browser.evaluate("new Set([...document.querySelectorAll('figure')][0].querySelectorAll('.plot path')"
                + ".values().map(each => each.getAttribute('stroke'))).size").asInt();
    }

    private static void keyboardReadsValues(Browser browser) {
        browser.evaluate("{ const chart = document.querySelector('.plot svg'); chart.focus();"
                + " chart.dispatchEvent(new KeyboardEvent('keydown', {key: 'Home', bubbles: true})); }");
        String read = browser.evaluate("document.getElementById('live').textContent").asString();
        assertTrue(read.startsWith("step 2; a-run-with-a-rather-long-name-20261129-021500, training: "), read);
        browser.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })");
        assertTrue(browser.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(() => done("
                + "document.querySelectorAll('figure td').length), 0)))").asInt() > 100,
                "the tables are filled when they are opened");
    }

    private static void aPartIsShownAndAllAgain(Browser browser) {
        browser.evaluate(
                "{ const chart = document.querySelector('.plot svg'); const box = chart.getBoundingClientRect();"
                        + " const at = (type, part) => chart.dispatchEvent(new PointerEvent(type, {pointerType: 'mouse', button: 0,"
                        + " pointerId: 1, bubbles: true, clientX: box.left + part * box.width, clientY: box.top + 50}));"
                        + " chart.setPointerCapture = () => {}; at('pointerdown', .4); at('pointermove', .5); at('pointerup', .6); }");
        assertEquals(false, browser.evaluate("document.getElementById('whole').hidden").asBoolean());
        browser.evaluate("document.getElementById('whole').click()");
        assertEquals(true, browser.evaluate("document.getElementById('whole').hidden").asBoolean());
    }
}
