package io.moe4j.tests.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.tests.contract.Thoroughness;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Injects the number of faults that {@code -Dfaults=1000} gives, or the fault that {@code -Dfault=417} names. Without either it injects 24, at least one
 * of each kind, and with {@code -Pthorough} sixty.
 */
class FaultsTest {
    private static final int IN_EACH_BUILD = Thoroughness.of(24, 60);

    @TempDir
    private Path folder;

    @Test
    void nothingIsLostWrongOrUnclear() throws Exception {
        Integer one = Integer.getInteger("fault");
        List<Integer> numbers = (one != null ? IntStream.of(one)
                : IntStream.range(0, Integer.getInteger("faults", IN_EACH_BUILD))).boxed().toList();
        FaultPlan plan = Kinds.all();
        FaultTable table = new FaultTable(plan.kinds());
        Harness harness = new Harness(folder, Duration.ofMinutes(3));
        int threads = Integer.getInteger("faults.threads", Runtime.getRuntime().availableProcessors());
        long begin = System.nanoTime();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<Verdict>> all = new ArrayList<>();
            for (int number : numbers) {
                all.add(pool.submit(() -> inject(harness, plan.kind(number), number, table)));
            }
            for (int i = 0; i < all.size(); i++) {
                Verdict verdict = all.get(i).get();
                if (one != null || !verdict.isHeld()) {
                    System.out.println("fault " + numbers.get(i) + ", " + plan.kind(numbers.get(i)).name() + ": "
                            + verdict.injected() + ": " + verdict.judgement() + " " + verdict.reason());
                }
            }
        }
        System.out.println("in " + (System.nanoTime() - begin) / 1_000_000_000 + " s, " + threads + " at a time:");
        System.out.println(numbers.size() + " faults; -Dfault=NUMBER repeats one\n\n" + table.text());
        assertEquals(List.of(), table.found());
    }

    private static Verdict inject(Harness harness, FaultKind kind, int number, FaultTable table) throws Exception {
        long begin = System.nanoTime();
        Verdict verdict = harness.inject(kind, FaultPlan.random(number));
        table.add(number, kind, verdict, System.nanoTime() - begin);
        return verdict;
    }
}
