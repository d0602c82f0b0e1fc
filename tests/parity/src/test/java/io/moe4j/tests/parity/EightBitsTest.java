package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.moe4j.api.spi.Registry;
import io.moe4j.tests.contract.Thoroughness;
import io.moe4j.trainer.plugins.Plugins;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs whose products are in 8 bits, which must agree bit for bit, in losses, gradient norms and parameters. */
class EightBitsTest {
    private static final String EAGER = " --graph_capture.enable false";
    private static final String STANDARD = " --model.moe_comm_backend standard" + EAGER;
    private static final String DENSE = " --training.dense_dtype float8";
    private static final String EXPERTS = " --training.expert_dtype float8";
    private static final String ROWS = EXPERTS + " --moe.dispatch_dtype float8";
    private static final String TWO = "--training.steps 3 --ranks 2 --parallelism.expert_parallel_degree 2";

    private final Registry registry = Plugins.load(List.of());

    @ParameterizedTest
    @ValueSource(strings = {DENSE, DENSE + EXPERTS + " --training.dtype bfloat16",
            DENSE + ROWS + " --training.dtype bfloat16 --training.gradient_accumulation_steps 2",
            ROWS + " --moe.receive_capacity 0.11"})
    void howItIsRunDoesNotMatter(String types) {
        Trace captured = trace(TWO + types);
        assertEquals(6, captured.losses().size());
        assertSame(captured, trace(TWO + types + EAGER + " --runtime.strict"), "eager, in strict mode");
        assertSame(captured, trace(TWO + types + STANDARD + " --activation_checkpoint.mode none"),
                "standard, without recompute");
        if (Thoroughness.isThorough() || types.contains(ROWS)) {
            assertSame(captured, trace(TWO + types + EAGER + " --activation_checkpoint.mode budget"),
                    "recompute by budget");
        }
    }

    @Test
    void eachKeyMatters() {
        Trace plain = trace(TWO);
        Trace dense = trace(TWO + DENSE);
        Trace experts = trace(TWO + EXPERTS);
        Trace rows = trace(TWO + ROWS);
        assertNotEquals(plain.losses(), dense.losses());
        assertNotEquals(plain.losses(), experts.losses());
        assertNotEquals(experts.weights(), rows.weights());
    }

    private Trace trace(String overrides) {
        return Trace.of(registry, 1, overrides);
    }

    private static void assertSame(Trace expected, Trace actual, String what) {
        assertEquals(expected.losses(), actual.losses(), what);
        assertEquals(expected.weights().keySet(), actual.weights().keySet(), what);
        expected.weights().forEach((name, bits) -> assertEquals(bits, actual.weights().get(name), what + ": " + name));
    }
}
