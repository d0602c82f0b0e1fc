package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.terminal.LiveLine;
import io.moe4j.app.terminal.Screen;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What stays on a terminal where the process ends while something is shown. */
class LiveOutputTest {
    private final StringWriter shown = new StringWriter();

    private LiveOutput output(boolean terminal) {
        return new LiveOutput(new PrintWriter(shown), new Screen(terminal, terminal, () -> OptionalInt.of(80)),
                () -> LiveLine.of("opening"));
    }

    @Test
    void theLineBelowIsRemovedWhenTheProcessEnds() throws InterruptedException {
        try (LiveOutput output = output(true)) {
            output.refresh();
            assertTrue(shown.toString().endsWith("opening"), shown.toString());
            Thread atExit = output.atExit().orElseThrow();
            atExit.start();
            atExit.join();
            assertTrue(shown.toString().endsWith("opening\r\u001b[K"), shown.toString());
            String before = shown.toString();
            output.refresh();
            assertEquals(before, shown.toString(), "the line is not drawn again");
        }
    }

    /** The JVM knows the thread no more, or there is none. */
    @Test
    void nothingIsDoneAtTheEndWhenNothingIsShown() {
        LiveOutput closed = output(true);
        closed.close();
        assertFalse(Runtime.getRuntime().removeShutdownHook(closed.atExit().orElseThrow()));
        try (LiveOutput plain = output(false)) {
            assertTrue(plain.atExit().isEmpty());
        }
    }
}
