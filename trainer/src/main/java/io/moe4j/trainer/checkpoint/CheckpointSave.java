package io.moe4j.trainer.checkpoint;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.InputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * One saving of a checkpoint. The ranks of all JVMs take part; each JVM writes one file for each part of the state, and the one with rank 0 makes the whole
 * valid. Folders must be the same for all: one disk, or a shared one.
 */
public final class CheckpointSave implements AutoCloseable {
    private final Path folder;
    private final Progress progress;
    private final List<RankState> writing;
    private final Map<Part, PartWriter> writers = new EnumMap<>(Part.class);
    private final int localRanks;
    private boolean begun;

    /**
     * @param checkpoints where checkpoints lie
     * @param states those of this JVM
     */
    public CheckpointSave(Path checkpoints, Progress progress, List<RankState> states) {
        this.folder = CheckpointFolder.of(checkpoints, progress.step());
        this.progress = progress;
        this.localRanks = states.size();
        this.writing = states.stream().filter(RankState::firstReplica).toList();
    }

    /**
     * Sees to it that a run does not mix its checkpoints with those of another one, whose newest would be taken for its own.
     *
     * @param begin the step behind which the run begins
     * @param checkpoints where it would write
     * @throws InputException if there are checkpoints of later steps
     */
    public static void requireNoneBeyond(long begin, Path checkpoints) {
        CheckpointFolder.newest(checkpoints).ifPresent(newest -> {
            long step = CheckpointFolder.progress(newest).step();
            if (step > begin) {
                throw new InputException(newest + " is of step " + step + ", and this run begins behind step " + begin
                        + ": a folder has the checkpoints of one run. Give another --output, continue that run with"
                        + " --checkpoint.resume " + newest + ", or remove its folder");
            }
        });
    }

    /**
     * Removes all checkpoints but the newest ones.
     *
     * @param count how many stay; 0 for all
     */
    public static void keepLatest(int count, Path checkpoints) {
        List<Path> all = CheckpointFolder.all(checkpoints);
        if (count > 0 && all.size() > count) {
            all.subList(0, all.size() - count).forEach(CheckpointFolder::discard);
        }
    }

    /** The part of one rank; every rank's thread calls it. */
    public void run(RankState state) {
        RankContext rank = state.rank();
        if (rank.rank() == 0) {
            CheckpointFolder.begin(folder);
        }
        meet(rank, "checkpoint folder made");
        openWriters();
        if (state.firstReplica()) {
            writers().forEach(writer -> writer.write(state));
        }
        meet(rank, "checkpoint written");
        commit();
        meet(rank, "checkpoint complete");
        if (rank.rank() == 0) {
            CheckpointFolder.finish(folder, progress);
        }
        meet(rank, "checkpoint valid");
    }

    /** Where it lies. */
    public Path folder() {
        return folder;
    }

    /** Ends the saving; unless it was completed, nothing of it is valid. */
    @Override
    public synchronized void close() {
        writers.values().forEach(PartWriter::close);
        writers.clear();
    }

    private static void meet(RankContext rank, String key) {
        rank.rendezvous().exchange(rank.world(), key, new byte[0]);
    }

    /** The first of this JVM's ranks opens the files for all of them. */
    private synchronized void openWriters() {
        if (!begun && !writing.isEmpty()) {
            RankContext first = writing.getFirst().rank();
            String suffix = localRanks == first.world().size() ? "" : "-from-rank-" + first.rank();
            for (Part part : Part.values()) {
                writers.put(part, new PartWriter(part, writing,
                        CheckpointFolder.unfinished(folder).resolve(part.file() + suffix + ".safetensors")));
            }
        }
        begun = true;
    }

    private synchronized List<PartWriter> writers() {
        return new ArrayList<>(writers.values());
    }

    /** The first of this JVM's ranks completes the files for all of them. */
    private synchronized void commit() {
        writers.values().forEach(PartWriter::commit);
        close();
    }
}
