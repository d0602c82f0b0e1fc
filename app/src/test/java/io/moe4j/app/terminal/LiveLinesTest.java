package io.moe4j.app.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands on the screen, at several widths. */
class LiveLinesTest {
    /** 105 characters: wider than the usual terminal. */
    private static final String STEP = "step: %2d  loss:  3.03131  grad_norm:  1.3382  memory:  0.72GiB(3.07%%)  tps: 906"
            + "  gflops: 171.22  mfu: 51.53%%";

    private final StringWriter written = new StringWriter();
    private final AtomicInteger width = new AtomicInteger(80);
    private final LiveLines lines = new LiveLines(new PrintWriter(written),
            new Screen(true, true, () -> OptionalInt.of(width.get())));

    @ParameterizedTest
    @ValueSource(ints = {40, 80, 120, 200})
    void stepLinesStandAboveTheBar(int columns) {
        width.set(columns);
        for (int i = 1; i <= 20; i++) {
            lines.println(STEP.formatted(i));
            lines.below(progress(i));
            lines.below(progress(i));
        }
        VirtualTerminal terminal = new VirtualTerminal(columns).write(written.toString());
        assertEquals(String.join("", IntStream.rangeClosed(1, 20).mapToObj(STEP::formatted).toList()),
                terminal.above());
        assertEquals(progress(20).line(columns), terminal.rows().getLast());
    }

    @Test
    void eachDrawingUsesTheWidthOfItsMoment() {
        VirtualTerminal terminal = new VirtualTerminal(80);
        for (int columns : List.of(80, 30, 200, 120, 10, 80)) {
            width.set(columns);
            terminal.resize(columns);
            lines.below(progress(3));
            terminal.write(take());
            assertEquals(progress(3).line(columns), terminal.rows().getLast());
            assertTrue(terminal.rows().getLast().length() < columns);
        }
        assertEquals(1, terminal.rows().size());
    }

    @Test
    void whatOthersWriteStandsAboveTheBar() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        VirtualTerminal terminal = new VirtualTerminal(80);
        // Both streams are the same terminal: what is written is looked at in the order in which it came.
        PrintStream target = new PrintStream(bytes, true, StandardCharsets.UTF_8) {
            @Override
            public void write(byte[] buffer, int offset, int length) {
                terminal.write(take());
                terminal.write(new String(buffer, offset, length, StandardCharsets.UTF_8));
            }
        };
        lines.below(progress(1));
        PrintStream above = lines.above(target);
        above.print("WARN rows were ");
        lines.below(progress(2));
        above.print("dropped\n");
        lines.below(progress(3));
        terminal.write(take());
        assertEquals(List.of("WARN rows were dropped", progress(3).line(80)), terminal.rows());

        above.print("not finished");
        lines.close();
        above.flush();
        terminal.write(take());
        assertEquals(List.of("WARN rows were dropped", "not finished"), terminal.rows());
    }

    @Test
    void nothingIsLeftBelowAtTheEnd() {
        lines.println("a");
        lines.below(progress(1));
        lines.close();
        lines.below(progress(2));
        lines.println("b");
        assertEquals(List.of("a", "b", ""), new VirtualTerminal(80).write(written.toString()).rows());
    }

    @Test
    void withoutATerminalThereAreLinesAlone() {
        LiveLines quiet = new LiveLines(new PrintWriter(written), Screen.none());
        quiet.println("a");
        quiet.below(progress(1));
        quiet.close();
        assertEquals("a" + System.lineSeparator(), written.toString());
    }

    @Test
    void progressSaysHowFarAndHowLong() {
        assertEquals("step 12/60  20% [=====>                        ]  1.25 s/step  1:00 left",
                new ProgressLine(12, 60, Duration.ZERO, Optional.of(Duration.ofMillis(1250)), "").line(120));
        assertEquals("step 12/60  20% [=====>                        ]  1.25 s/step  0:59 left",
                new ProgressLine(12, 60, Duration.ofMillis(500), Optional.of(Duration.ofMillis(1250)), "").line(120));
        assertEquals("step 0/60   0% [                              ]  step 1 runs for 0:07",
                new ProgressLine(0, 60, Duration.ofSeconds(7), Optional.empty(), "").line(200));
        assertEquals("step 60/60 100% [==============================]  40.0 steps/s  0:00 left",
                new ProgressLine(60, 60, Duration.ZERO, Optional.of(Duration.ofMillis(25)), "").line(80));
        assertEquals("step 12/60  20% [=====>                        ]  ending and saving",
                new ProgressLine(12, 60, Duration.ZERO, Optional.empty(), "ending and saving").line(80));
        assertEquals("step 12/60  20%", new ProgressLine(12, 60, Duration.ZERO, Optional.empty(), "").line(20));
        assertEquals("step 12", new ProgressLine(12, 60, Duration.ZERO, Optional.empty(), "").line(8));
        assertEquals(List.of("0:07", "12:34", "3:04:05", "2 d 03:04"),
                Stream.of(7, 754, 11045, 2 * 86400 + 3 * 3600 + 4 * 60).map(Duration::ofSeconds)
                        .map(ProgressLine::clock)
                        .toList());
    }

    /** Of what a narrow terminal cannot show, the time that is left goes last. */
    @Test
    void aNarrowTerminalStillShowsTheTimeThatIsLeft() {
        ProgressLine line = new ProgressLine(12, 60, Duration.ZERO, Optional.of(Duration.ofMillis(1250)), "",
                "loss 3.853");
        assertEquals("step 12/60  20% [===>                  ]  loss 3.853  1.25 s/step  1:00 left", line.line(80));
        assertEquals("step 12/60  20%  loss 3.853  1.25 s/step  1:00 left", line.line(52));
        assertEquals("step 12/60  20%  loss 3.853  1:00 left", line.line(40));
        assertEquals("step 12/60  20%  1:00 left", line.line(30));
        assertEquals("step 12/60  20%", line.line(20));
        ProgressLine first = new ProgressLine(0, 60, Duration.ofSeconds(7), Optional.empty(), "");
        assertEquals("step 0/60   0%  step 1 runs for 0:07", first.line(40));
        assertEquals("step 0/60   0%  0:07", first.line(30));
    }

    @Test
    void noLineIsAsWideAsTheTerminal() {
        for (int columns = 1; columns <= 200; columns++) {
            for (long done : new long[] {0, 1, 59, 60}) {
                for (ProgressLine each : List.of(new ProgressLine(done, 60, Duration.ofDays(3), Optional.empty(), ""),
                        new ProgressLine(done, 60, Duration.ofDays(3), Optional.of(Duration.ofDays(9)), ""),
                        new ProgressLine(done, 1_000_000_000_000L, Duration.ZERO, Optional.of(Duration.ofNanos(1)), ""),
                        new ProgressLine(done, 60, Duration.ZERO, Optional.empty(), "x".repeat(300)))) {
                    assertTrue(each.line(columns).length() < columns, each.line(columns));
                    assertFalse(each.line(columns).contains("\n"));
                }
            }
        }
    }

    private String take() {
        String text = written.toString();
        written.getBuffer().setLength(0);
        return text;
    }

    private static ProgressLine progress(long done) {
        return new ProgressLine(done, 20, Duration.ofMillis(700), Optional.of(Duration.ofMillis(1300)), "");
    }
}
