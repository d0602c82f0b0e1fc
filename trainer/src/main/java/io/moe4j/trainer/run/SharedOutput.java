package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.api.group.RankContext;
import io.moe4j.trainer.checkpoint.store.ThisHost;
import io.moe4j.trainer.checkpoint.store.OutputProbe;
import io.moe4j.trainer.session.RankSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Checks before the first step that the processes of a run share their output folder: rank 0 writes a file there, and each rank looks for it. */
final class SharedOutput {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private SharedOutput() {}

    /**
     * Checks this; every rank calls it.
     *
     * @throws InputException if a rank does not see what rank 0 has written
     */
    static void require(RankSession rank, Path output) throws IOException {
        RankContext context = rank.context();
        rank.phase().enter("looking whether all processes share the output folder");
        OutputProbe mine = OutputProbe.random();
        if (context.rank() == 0) {
            Files.createDirectories(output);
            mine.write(output);
        }
        try {
            byte[] first = exchange(context, "output probe", mine.content()).getFirst();
            OutputProbe probe = new OutputProbe(new String(first, StandardCharsets.UTF_8));
            String seen = probe.isSeenIn(output, PATIENCE) ? "" : output + " on " + ThisHost.name();
            List<String> all = exchange(context, "output probe seen", seen).stream()
                    .map(bytes -> new String(bytes, StandardCharsets.UTF_8)).toList();
            if (all.stream().anyMatch(answer -> !answer.isEmpty())) {
                throw new InputException("the output folder is not shared: rank 0 has written a file to it, and "
                        + IntStream.range(0, all.size()).filter(other -> !all.get(other).isEmpty())
                                .mapToObj(other -> "rank " + other + " does not see it in " + all.get(other))
                                .collect(Collectors.joining(", "))
                        + ". Checkpoints of several processes need one folder: give all of them the same --output, on a"
                        + " file system that they share, or leave checkpoint.enable false");
            }
        } finally {
            if (context.rank() == 0) {
                mine.remove(output);
            }
        }
    }

    private static List<byte[]> exchange(RankContext rank, String key, String text) {
        return rank.rendezvous().exchange(rank.world(), key, text.getBytes(StandardCharsets.UTF_8));
    }
}
