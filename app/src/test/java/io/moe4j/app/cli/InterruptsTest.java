package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The first signal asks, any further one ends. {@link TerminalTest} sends real ones. */
class InterruptsTest {

    @Test
    void theSecondSignalEndsAtOnce() {
        List<StopSignal> asked = new ArrayList<>();
        List<Integer> halted = new ArrayList<>();
        try (Interrupts interrupts = Interrupts.unhandled(asked::add, halted::add)) {
            assertEquals(Optional.empty(), interrupts.received());
            interrupts.receive(StopSignal.TERM);
            assertEquals(List.of(StopSignal.TERM), asked);
            assertEquals(List.of(), halted);
            interrupts.receive(StopSignal.INT);
            assertEquals(List.of(StopSignal.TERM), asked);
            assertEquals(List.of(130), halted);
            assertEquals(Optional.of(StopSignal.TERM), interrupts.received());
        }
    }

    @Test
    void exitCodesAreThoseOfShells() {
        assertEquals(List.of(129, 130, 143), List.of(StopSignal.HUP.exitCode(), StopSignal.INT.exitCode(),
                StopSignal.TERM.exitCode()));
    }
}
