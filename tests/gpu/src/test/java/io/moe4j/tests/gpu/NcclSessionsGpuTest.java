package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.spi.Registry;
import io.moe4j.tests.gpu.TwoDevicesTrainingGpuTest.Trace;
import io.moe4j.trainer.plugins.Plugins;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two ranks of one JVM, on two GPUs, train in one session after the other, over peer memory and over NCCL in turns. Each opens and closes all that it
 * needs of the GPUs. {@code -Dmoe4j.test.sessions=200} makes more of them. (The JVM crashed when the first session over NCCL was closed, in 3 of some 200
 * JVMs; none of 650 later sessions did.)
 */
@Tag("gpu")
@Timeout(300)
final class NcclSessionsGpuTest {
    private static final int SESSIONS = Integer.getInteger("moe4j.test.sessions", 3);
    private static final String RUN = "--ranks 2 --parallelism.expert_parallel_degree 2 --runtime.devices 2 --graph_capture.enable false"
            + " --model.moe_comm_backend standard";

    private final Registry registry = Plugins.load(List.of());

    @BeforeEach
    void twoGpus() {
        TwoGpus.assume();
    }

    @Test
    void oneAfterTheOther() {
        for (int i = 1; i <= SESSIONS; i++) {
            Trace peer = TwoDevicesTrainingGpuTest.trace(registry, RUN);
            Trace nccl = TwoDevicesTrainingGpuTest.trace(registry, RUN + " --runtime.collectives nccl");
            assertEquals(peer.numbers(), nccl.numbers(), "bits of losses and gradient norms, session " + i);
        }
    }
}
