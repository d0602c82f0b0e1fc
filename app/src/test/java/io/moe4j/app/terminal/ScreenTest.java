package io.moe4j.app.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Where no person watches, nothing is rewritten. */
class ScreenTest {

    @Test
    void aFileOrAPipeIsNoTerminal() {
        // The standard output of tests is a pipe.
        assertFalse(Screen.standardOutput(TerminalCalls.find(), Map.of("TERM", "xterm-256color")).interactive());
        TerminalCalls.find().ifPresent(calls -> assertFalse(calls.columns(1).isPresent()));
    }

    @Test
    void aTerminalThatCannotRewriteALineIsQuiet() {
        for (Map<String, String> environment : java.util.List.of(Map.<String, String>of(), Map.of("TERM", ""),
                Map.of("TERM", "dumb"))) {
            assertFalse(Screen.standardOutput(TerminalCalls.find(), environment).interactive());
        }
    }

    @Test
    void aTerminalThatDoesNotTellItsWidthHasTheUsualOne() {
        assertEquals(80, new Screen(true, false, OptionalInt::empty).width());
        assertEquals(120, new Screen(true, false, () -> OptionalInt.of(120)).width());
    }

    @Test
    void linesOfAFileAreOfAnyLength() {
        assertEquals(Integer.MAX_VALUE, Screen.none().width());
        assertFalse(Screen.standardOutput(Optional.empty(), Map.of("TERM", "xterm")).interactive());
    }
}
