package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which ranks live in this JVM, and how they meet the others. Ranks are threads; whether the rest of the world is in this JVM or in others makes no
 * difference to them.
 *
 * @param worldSize number of all ranks
 * @param localRanks world ranks of this JVM, ascending
 * @param deviceOrdinal which device of its kind they use
 * @param rendezvous where all ranks meet
 */
@Stability(Stability.Level.EVOLVING)
public record Launch(int worldSize, List<Integer> localRanks, int deviceOrdinal, Rendezvous rendezvous) {
    public Launch {
        localRanks = List.copyOf(localRanks);
        if (localRanks.isEmpty() || localRanks.stream().anyMatch(rank -> rank < 0 || rank >= worldSize)
                || localRanks.stream().distinct().sorted().toList().size() != localRanks.size()) {
            throw new IllegalArgumentException("local ranks " + localRanks + " of a world of " + worldSize
                    + ": at least one is needed, each once, from 0 to " + (worldSize - 1));
        }
    }

    /** All ranks as threads of this JVM, on device 0. */
    public static Launch threads(int worldSize, Duration timeout) {
        return new Launch(worldSize, IntStream.range(0, worldSize).boxed().toList(), 0,
                ThreadRendezvous.of(worldSize, timeout));
    }

    /** Whether rank 0, which reports for all, is here. */
    public boolean hasFirstRank() {
        return localRanks.contains(0);
    }
}
