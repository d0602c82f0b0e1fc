package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.DamageException;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import io.moe4j.trainer.session.RankLaunch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the newest whole checkpoint of a run, by all its processes together: each compares its share of the bytes with their digests, and a checkpoint is
 * whole if no process has found damage.
 */
final class NewestWhole {
    private static final Logger log = LoggerFactory.getLogger(NewestWhole.class);
    private static final String KEY = "the newest whole checkpoint";
    private static final String NONE = "none";

    private final Path checkpoints;
    private final RankLaunch launch;

    private NewestWhole(Path checkpoints, RankLaunch launch) {
        this.checkpoints = checkpoints;
        this.launch = launch;
    }

    /**
     * Finds the checkpoint. All processes of the run call this.
     *
     * @return empty if there is no checkpoint at all
     * @throws InputException if all checkpoints are damaged, or if the processes do not see the same ones
     */
    static Optional<CheckpointChoice> find(Path checkpoints, RankLaunch launch) {
        return new NewestWhole(checkpoints, launch).find();
    }

    private Optional<CheckpointChoice> find() {
        List<Path> left = new ArrayList<>(new CheckpointStore(checkpoints, FileOperations.disk()).all());
        List<Path> damaged = new ArrayList<>();
        while (!left.isEmpty()) {
            Path next = left.removeLast();
            Optional<StoredCheckpoint> opened = Optional.empty();
            String mine = "";
            try {
                opened = Optional.of(StoredCheckpoint.open(next));
                opened.get().verify(Set.copyOf(launch.localRanks()), launch.worldSize());
            } catch (DamageException e) {
                mine = String.valueOf(e.getMessage());
            }
            Optional<String> damage = agree(String.valueOf(next.getFileName()), mine);
            if (damage.isEmpty() && opened.isPresent()) {
                return Optional.of(new CheckpointChoice(opened.get(), damaged));
            }
            log.warn("{} is damaged, and is passed over: {}", next, damage.orElse(mine));
            damaged.add(next);
        }
        agree(NONE, "");
        if (damaged.isEmpty()) {
            return Optional.empty();
        }
        throw new InputException("no checkpoint in " + checkpoints + " is whole, of " + damaged.size()
                + "; begin anew with another --output, or remove that folder");
    }

    /** The damage that any process has found in the checkpoint that all of them compare. */
    private Optional<String> agree(String name, String damage) {
        if (launch.isOneProcess()) {
            return Optional.of(damage).filter(text -> !text.isEmpty());
        }
        List<String> told = launch.exchange(KEY, rank -> (name + "\n" + damage).getBytes(StandardCharsets.UTF_8))
                .stream().map(bytes -> new String(bytes, StandardCharsets.UTF_8)).toList();
        List<String> names = told.stream().map(text -> text.substring(0, text.indexOf('\n'))).toList();
        int other = IntStream.range(0, names.size()).filter(rank -> !names.get(rank).equals(names.getFirst()))
                .findFirst().orElse(0);
        if (other > 0) {
            throw new InputException("the processes do not see the same checkpoints in " + checkpoints
                    + ": as the newest that may be whole, rank 0 sees " + names.getFirst() + ", and rank " + other + " "
                    + names.get(other)
                    + ". All processes must have the same --output, on a file system that they share");
        }
        return told.stream().map(text -> text.substring(text.indexOf('\n') + 1)).filter(text -> !text.isEmpty())
                .findFirst();
    }
}
