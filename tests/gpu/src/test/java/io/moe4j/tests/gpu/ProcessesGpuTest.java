package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Ranks in JVMs of their own, on one GPU: NCCL, which takes them for ranks of different hosts (NCCL_HOSTID), and peer memory through CUDA IPC.
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
        int port = freePort();
        List<Process> processes = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            processes.add(start(scenario, collectives, rank, ranks, port, limit, logs.resolve("rank" + rank)));
        }
        List<Integer> codes = new ArrayList<>();
        for (Process process : processes) {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            codes.add(process.exitValue());
        }
        StringBuilder output = new StringBuilder();
        for (int rank = 0; rank < ranks; rank++) {
            output.append(Files.readString(logs.resolve("rank" + rank)));
        }
        System.out.print(output);
        List<Integer> expected = new ArrayList<>(Collections.nCopies(ranks, 0));
        if (scenario.startsWith("killed")) {
            expected.set(ranks - 1, 7);
        }
        assertEquals(expected, codes, output::toString);
    }

    /** This JVM's own command line, with another main class. */
    private static Process start(String scenario, String collectives, int rank, int ranks, int port, int limit,
            Path log)
            throws IOException {
        List<String> own = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-agentlib") && !argument.startsWith("-javaagent")).toList();
        List<String> command = Stream.of(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()),
                own, List.of("-Xmx2g", "--module", "io.moe4j.tests.gpu/" + RankProcess.class.getName(), scenario,
                        collectives, Integer.toString(rank), Integer.toString(ranks), Integer.toString(port),
                        Integer.toString(limit)))
                .flatMap(List::stream).toList();
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("NCCL_SOCKET_IFNAME", "lo");
        if (!scenario.equals("shared")) {
            builder.environment().put("NCCL_HOSTID", "host" + rank);
        }
        return builder.start();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
