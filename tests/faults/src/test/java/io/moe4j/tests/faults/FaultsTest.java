package io.moe4j.tests.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Injects as many faults as {@code -Dfaults=1000} says, or the one that {@code -Dfault=417} names. Without either it injects a hundred, some of each kind.
 */
class FaultsTest {
    private static final int IN_EACH_BUILD = 100;

    @TempDir
    private Path folder;

    @Test
    void nothingIsLostWrongOrUnclear() throws Exception {
        Integer one = Integer.getInteger("fault");
        List<Integer> numbers = (one != null ? IntStream.of(one)
                : IntStream.range(0, Integer.getInteger("faults", IN_EACH_BUILD))).boxed().toList();
        FaultPlan plan = Kinds.all();
        FaultTable table = new FaultTable(plan.kinds());
        Harness harness = new Harness(folder, Duration.ofMinutes(2));
        for (int number : numbers) {
            FaultKind kind = plan.kind(number);
            long begin = System.nanoTime();
            Verdict verdict = harness.inject(kind, FaultPlan.random(number));
            table.add(number, kind, verdict, System.nanoTime() - begin);
            if (one != null || !verdict.isHeld()) {
                System.out.println("fault " + number + ", " + kind.name() + ": " + verdict.injected() + ": "
                        + verdict.judgement() + " " + verdict.reason());
            }
        }
        System.out.println(numbers.size() + " faults; -Dfault=NUMBER repeats one\n\n" + table.text());
        assertEquals(List.of(), table.found());
    }
}
