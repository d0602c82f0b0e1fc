package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Ranks in separate JVMs on one GPU: NCCL, which treats them as ranks of different hosts (NCCL_HOSTID), and peer memory through CUDA IPC.
 */
@Tag("gpu")
@Timeout(90)
final class ProcessesGpuTest {

    @ParameterizedTest(name = "{1}: {0} of {2} processes, limit {3} s")
    @CsvSource({"collectives,nccl,2,15", "collectives,nccl,4,15", "captured,nccl,4,15", "killed,nccl,3,15",
            "killed_in_replay,nccl,3,15", "hung_in_replay,nccl,3,6", "shared,nccl,2,15",
            "collectives,cuda_peer_memory,2,15", "collectives,cuda_peer_memory,4,15", "captured,cuda_peer_memory,4,15",
            "killed,cuda_peer_memory,3,15", "killed_in_replay,cuda_peer_memory,3,15",
            "hung_in_replay,cuda_peer_memory,3,6", "exchange,cuda_peer_memory,2,15", "exchange,cuda_peer_memory,4,15",
            "closing,cuda_peer_memory,3,15", "too_much,cuda_peer_memory,3,15", "bad_handle,cuda_peer_memory,3,15",
            "absent,cuda_peer_memory,3,6"})
    void ranksOfSeveralProcesses(String scenario, String collectives, int ranks, int limit, @TempDir Path logs)
            throws Exception {
        check(scenario, collectives, Collections.nCopies(ranks, 0), limit, logs,
                rank -> scenario.equals("shared") ? Map.of("NCCL_SOCKET_IFNAME", "lo")
                        : Map.of("NCCL_SOCKET_IFNAME", "lo", "NCCL_HOSTID", "host" + rank));
    }

    /** Starts a rank for each entry of {@code ordinals}, on the device with that number. */
    static void check(String scenario, String collectives, List<Integer> ordinals, int limit, Path logs,
            IntFunction<Map<String, String>> environment) throws Exception {
        int port = freePort();
        int ranks = ordinals.size();
        JavaProcesses processes = new JavaProcesses(logs);
        for (int rank = 0; rank < ranks; rank++) {
            processes.start(RankProcess.class, environment.apply(rank), scenario, collectives, rank, ranks, port, limit,
                    ordinals.get(rank));
        }
        List<Integer> codes = processes.exitCodes(60);
        System.out.print(processes.output());
        List<Integer> expected = new ArrayList<>(Collections.nCopies(ranks, 0));
        if (scenario.startsWith("killed")) {
            expected.set(ranks - 1, 7);
        }
        assertEquals(expected, codes, processes.output());
        assertFalse(processes.output().contains("could not be freed"), processes.output());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
