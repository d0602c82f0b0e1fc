package io.moe4j.app.cli;

import io.moe4j.api.group.Group;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.launch.RankEnvironment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** The process of rank 0 chooses the run's folder, and sends its path to the others: their clocks differ, and only one process can make a new folder. */
final class SharedRunFolder {

    private SharedRunFolder() {}

    /** Sends the path to the other processes; called in the process of rank 0. */
    static void tell(Path folder, RankEnvironment environment, Rendezvous rendezvous) {
        exchange(environment, rendezvous, folder.toAbsolutePath().toString());
    }

    /** Receives the path from the process of rank 0; called in each of the others. */
    static Path hear(RankEnvironment environment, Rendezvous rendezvous) {
        return Path.of(exchange(environment, rendezvous, ""));
    }

    /** The first rank of each process takes part: all processes have the same number of consecutive ranks. */
    private static String exchange(RankEnvironment environment, Rendezvous rendezvous, String mine) {
        int each = environment.localRanks().size();
        List<Integer> firsts = IntStream.range(0, environment.worldSize() / each).mapToObj(i -> i * each).toList();
        Group processes = new Group("processes", firsts, environment.localRanks().getFirst() / each);
        byte[] told = rendezvous.exchange(processes, "the run's folder", mine.getBytes(StandardCharsets.UTF_8))
                .getFirst();
        return new String(told, StandardCharsets.UTF_8);
    }
}
