package io.moe4j.tests.faults;

import io.moe4j.api.InputException;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.DamageException;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * One or two files of the newest checkpoint are damaged; in one of five cases also a file of the checkpoint before.
 *
 * @param digests control if false: checkpoints are opened without comparing the digests of their bytes
 */
record DamagedFile(boolean digests) implements FaultKind {

    @Override
    public String name() {
        return "damaged file";
    }

    @Override
    public Verdict inject(Random random, Path folder) throws IOException {
        CheckpointStore store = new CheckpointStore(folder, FileOperations.disk());
        Path older = new Saved(1, 0).save(store);
        Path newer = new Saved(2, 0).save(store);
        List<Path> others = new ArrayList<>(Trees.list(newer));
        others.addAll(Trees.list(older));
        List<String> done = new ArrayList<>();
        List<String> names = new ArrayList<>();
        List<Path> files = new ArrayList<>(Trees.list(newer));
        for (int i = 1 + random.nextInt(2); i > 0; i--) {
            Path file = files.remove(random.nextInt(files.size()));
            done.add(damage(file, others, random));
            others.remove(file);
            names.add(String.valueOf(file.getFileName()));
        }
        boolean both = random.nextInt(5) == 0;
        if (both) {
            List<Path> olders = Trees.list(older);
            done.add(damage(olders.get(random.nextInt(olders.size())), List.of(newer.resolve("progress.json"),
                    newer.resolve("manifest.jsonl")).stream().filter(others::contains).toList(), random));
        }
        String injected = String.join(", ", done);
        try {
            if (digests) {
                CheckpointChoice.newest(folder, Set.of(0), 1);
            } else {
                StoredCheckpoint.open(newer);
            }
        } catch (InputException e) {
            return refused(injected, String.valueOf(e.getMessage()), names,
                    both ? Optional.empty() : Optional.of(older));
        } catch (DamageException e) {
            return Verdict.held(injected);
        }
        return Verdict.wrong(injected, "it was opened without a word");
    }

    private static String damage(Path file, List<Path> others, Random random) throws IOException {
        Damage[] all = Damage.values();
        Damage damage = all[random.nextInt(all.length)];
        if (damage == Damage.ANOTHER_FILE && others.stream().allMatch(file::equals)) {
            damage = Damage.MISSING;
        }
        damage.inflict(file, others, random);
        return damage + " in " + file.getParent().getFileName() + "/" + file.getFileName();
    }

    /** A manifest of another step is whole by itself, so that each of the other files does not fit it. */
    private static Verdict refused(String injected, String message, List<String> names, Optional<Path> whole) {
        List<String> where = names.contains("manifest.jsonl") ? List.of("manifest.jsonl", "-of-rank-", "progress.json")
                : names;
        Optional<String> flaw = ClearText.flaw(message, where);
        if (flaw.isPresent()) {
            return Verdict.unclear(injected, flaw.get());
        }
        if (message.lines().count() != 1) {
            return Verdict.unclear(injected, "not one line: " + message);
        }
        if (whole.isEmpty()) {
            return message.contains("begin anew") ? Verdict.held(injected)
                    : Verdict.unclear(injected, "no checkpoint is whole, and it does not say so: " + message);
        }
        if (!message.contains("The newest whole checkpoint is " + whole.get() + ": add --checkpoint.resume_from"
                + " newest_whole")) {
            return Verdict.unclear(injected, "the newest whole checkpoint is not named: " + message);
        }
        Path taken = CheckpointChoice.newestWhole(whole.get().getParent()).checkpoint().folder();
        return taken.equals(whole.get()) ? Verdict.held(injected)
                : Verdict.lost(injected, "the advice leads to " + taken);
    }
}
