package io.moe4j.trainer.run;

import io.moe4j.api.spi.Resources;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;

/** The data of the ranks of this JVM. Each rank reads its own source, on its own thread. */
final class RankSources implements AutoCloseable {
    private final Map<Integer, BatchSource> byRank;
    private final Resources resources;

    private RankSources(Map<Integer, BatchSource> byRank, Resources resources) {
        this.byRank = byRank;
        this.resources = resources;
    }

    /**
     * Opens the sources; if one cannot be opened, those before it are closed.
     *
     * @param ranks at least one
     * @param data opens the source of a rank
     */
    static RankSources open(List<Integer> ranks, IntFunction<BatchSource> data) {
        return Resources.open("the data of the ranks", resources -> {
            Map<Integer, BatchSource> byRank = new TreeMap<>();
            ranks.forEach(rank -> byRank.put(rank, resources.add(data.apply(rank))));
            return new RankSources(byRank, resources);
        });
    }

    /** The source of a rank of this JVM. */
    BatchSource of(int rank) {
        BatchSource source = byRank.get(rank);
        if (source == null) {
            throw new IllegalStateException("rank " + rank + " does not live in this JVM");
        }
        return source;
    }

    /** Any one of the sources: each knows how far all ranks together have read. */
    BatchSource any() {
        return byRank.values().iterator().next();
    }

    /** That of rank 0; empty if rank 0 does not run in this JVM. */
    Optional<BatchSource> first() {
        return Optional.ofNullable(byRank.get(0));
    }

    @Override
    public void close() {
        resources.close();
    }
}
