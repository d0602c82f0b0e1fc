package io.moe4j.tests.gpu;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranks in separate JVMs on two GPUs of one host: NCCL in its usual setup, and peer memory through CUDA IPC. */
@Tag("gpu")
@Timeout(90)
final class TwoDevicesProcessesGpuTest {

    @BeforeEach
    void twoGpus() {
        TwoGpus.assume();
    }

    @ParameterizedTest(name = "{1}: {0}, ranks on devices {2}, limit {3} s")
    @CsvSource({"exchange,cuda_peer_memory,0 1,15", "exchange,cuda_peer_memory,0 0 1 1,15",
            "collectives,cuda_peer_memory,0 1,15", "captured,cuda_peer_memory,0 1,15",
            "closing,cuda_peer_memory,0 1,15",
            "killed_in_replay,cuda_peer_memory,0 1,15", "collectives,nccl,0 1,15", "captured,nccl,0 1,15",
            "killed_in_replay,nccl,0 1,15"})
    void oneProcessARank(String scenario, String collectives, String ordinals, int limit, @TempDir Path logs)
            throws Exception {
        List<Integer> devices = Arrays.stream(ordinals.split(" ")).map(Integer::valueOf).toList();
        ProcessesGpuTest.check(scenario, collectives, devices, limit, logs, rank -> Map.of());
    }

    /** Each process sees only its own GPU, as number 0. */
    @ParameterizedTest(name = "{1}: {0}")
    @CsvSource({"exchange,cuda_peer_memory", "collectives,nccl"})
    void eachSeesOnlyItsOwnGpu(String scenario, String collectives, @TempDir Path logs) throws Exception {
        ProcessesGpuTest.check(scenario, collectives, List.of(0, 0), 15, logs,
                rank -> Map.of("CUDA_VISIBLE_DEVICES", String.valueOf(rank)));
    }
}
