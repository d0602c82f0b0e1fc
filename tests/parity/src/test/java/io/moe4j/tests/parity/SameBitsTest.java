package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.tests.contract.Thoroughness;
import io.moe4j.trainer.plugins.Plugins;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that must agree bit for bit, in losses, gradient norms and parameters. */
class SameBitsTest {
    private static final String EAGER = " --graph_capture.enable false";
    private static final String STANDARD = " --model.moe_comm_backend standard" + EAGER;

    private static final String FULLY = "--ranks 4 --parallelism.expert_parallel_degree 4";

    private final Registry registry = Plugins.load(List.of());

    @ParameterizedTest
    @ValueSource(strings = {"--ranks 1", "--ranks 4", "--ranks 4 --parallelism.expert_parallel_degree 2",
            "--ranks 4 --parallelism.expert_parallel_degree 4",
            "--ranks 4 --parallelism.expert_parallel_degree 2 --parallelism.data_parallel_replicate_degree 2",
            "--ranks 2 --parallelism.expert_parallel_degree 2 --training.dtype bfloat16"})
    void howItIsRunDoesNotMatter(String ranks) {
        Trace captured = trace(1, ranks);
        assertEquals(8, captured.losses().size());
        assertTrue(captured.weights().size() > 20, "parameters were looked at");
        assertSame(captured, trace(1, ranks + EAGER), "eager");
        assertSame(captured, trace(1, ranks + STANDARD + " --activation_checkpoint.mode none"),
                "standard, without recompute");
        // Each of these by itself on one layout in fp32, and on the one in bf16.
        if (Thoroughness.isThorough() || ranks.startsWith(FULLY) || ranks.contains("bfloat16")) {
            assertSame(captured, trace(1, ranks), "another time");
            assertSame(captured, trace(1, ranks + STANDARD), "standard");
            assertSame(captured, trace(1, ranks + " --moe.dedup on"), "rows that are sent once");
            assertSame(captured, trace(1, ranks + " --runtime.threads 1"), "on one core");
        }
    }

    /** Rows that do not fit are exchanged in rounds. Each layer's first exchanges need one round or several, by its routing. */
    @ParameterizedTest
    @ValueSource(strings = {FULLY,
            "--ranks 2 --parallelism.expert_parallel_degree 2 --training.dtype bfloat16"})
    void howRoundsAreRunDoesNotMatter(String ranks) {
        List<String> capacities = List.of(" --moe.receive_capacity 0.11", " --moe.receive_capacity 1.0");
        int other = ranks.startsWith(FULLY) ? 0 : 1;
        for (String capacity : Thoroughness.isThorough() ? capacities : capacities.subList(other, other + 1)) {
            String rounds = ranks + capacity + " --training.gradient_accumulation_steps 2";
            Trace captured = trace(1, rounds);
            assertSame(captured, trace(1, rounds + STANDARD + " --activation_checkpoint.mode none"),
                    "standard, without recompute");
            assertSame(captured, trace(1, rounds + EAGER + " --activation_checkpoint.mode budget"),
                    "eager, recompute by budget");
        }
    }

    /**
     * Room for more rows than any exchange needs, and for fewer than the worst case: all bits are those of the worst case. Room for fewer rows: so are those of
     * the first loss, and those of all parameters that are not experts' after one step. The gradients of experts are sums in another order, and an element's
     * first step of Adam with such a gradient is no longer than the learning rate.
     */
    @Test
    void roundsGiveTheBitsOfTheWorstCase() {
        String ranks = "--ranks 4 --parallelism.expert_parallel_degree 4 --training.max_norm 1e9";
        assertSame(trace(1, ranks), trace(1, ranks + " --moe.receive_capacity 1.99"), "one round");
        Trace whole = trace(1, ranks + " --training.steps 1");
        Trace rounds = trace(1, ranks + " --training.steps 1 --moe.receive_capacity 0.11");
        assertEquals(whole.losses().getFirst(), rounds.losses().getFirst());
        long experts = whole.weights().keySet().stream().filter(name -> name.contains("experts")).count();
        assertTrue(experts > 0 && experts < whole.weights().size() / 2, experts + " of " + whole.weights().keySet());
        whole.weights().forEach((name, bits) -> {
            if (!name.contains("experts")) {
                assertEquals(bits, rounds.weights().get(name), name);
            }
        });
    }

    @Test
    void strictModeChangesNoNumber() {
        String ranks = "--ranks 2 --parallelism.expert_parallel_degree 2";
        assertSame(trace(1, ranks), trace(1, ranks + " --runtime.strict"), "strict");
    }

    @Test
    void theSeedMatters() {
        assertNotEquals(trace(1, "--ranks 1").losses(), trace(2, "--ranks 1").losses());
    }

    @Test
    void sessionsAtTheSameTimeShareNothing() {
        String first = "--ranks 4 --parallelism.expert_parallel_degree 4";
        String second = "--ranks 2 --parallelism.expert_parallel_degree 2 --model.moe_comm_backend standard" + EAGER;
        Trace firstAlone = trace(1, first);
        Trace secondAlone = trace(2, second);
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            CompletableFuture<Trace> together = CompletableFuture.supplyAsync(() -> trace(1, first), threads);
            CompletableFuture<Trace> other = CompletableFuture.supplyAsync(() -> trace(2, second), threads);
            assertSame(firstAlone, together.join(), "beside another");
            assertSame(secondAlone, other.join(), "beside another");
        }
    }

    private Trace trace(long seed, String overrides) {
        return Trace.of(registry, seed, overrides);
    }

    private static void assertSame(Trace expected, Trace actual, String what) {
        assertEquals(expected.losses(), actual.losses(), what);
        assertEquals(expected.weights().keySet(), actual.weights().keySet(), what);
        expected.weights().forEach((name, bits) -> assertEquals(bits, actual.weights().get(name), what + ": " + name));
    }
}
