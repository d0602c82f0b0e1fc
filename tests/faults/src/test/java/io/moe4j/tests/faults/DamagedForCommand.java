package io.moe4j.tests.faults;

import io.moe4j.app.cli.Main;
import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * {@code moe4j verify} and {@code moe4j train --checkpoint.resume} get a folder with a damaged checkpoint.
 *
 * @param damages control if false: nothing is damaged, and the result is judged as if something were
 */
record DamagedForCommand(boolean damages) implements FaultKind {

    @Override
    public String name() {
        return "damaged file, on the command line";
    }

    @Override
    public Verdict inject(Random random, Path folder) throws IOException {
        Path checkpoints = folder.resolve("run/checkpoints");
        CheckpointStore store = new CheckpointStore(checkpoints, FileOperations.disk());
        Path older = new Saved(1, 0).save(store);
        Path newer = new Saved(2, 0).save(store);
        List<Path> files = Trees.list(newer);
        Path file = files.get(random.nextInt(files.size()));
        String name = String.valueOf(file.getFileName());
        Damage damage = Damage.values()[random.nextInt(Damage.values().length)];
        String injected = damage + " in " + name;
        if (damages) {
            damage.inflict(file, Trees.list(older), random);
        }
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int verified = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), "verify",
                folder.resolve("run").toString());
        if (verified != 1 || !out.toString().contains(newer + ": damaged: ")
                || !out.toString().contains(older + ": whole")) {
            return verified == 0 ? Verdict.wrong(injected, "verify finds nothing: " + out)
                    : Verdict.unclear(injected, "verify ends with " + verified + ": " + out + err);
        }
        int trained = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), "train",
                "--checkpoint.resume", folder.resolve("run").toString(), "--output",
                folder.resolve("next").toString());
        String text = err.toString().strip();
        if (trained == 0) {
            return Verdict.wrong(injected, "it was continued without a word");
        }
        if (trained != 2 || text.lines().count() != 1 || !text.startsWith("error: ")) {
            return Verdict.unclear(injected, "exit code " + trained + ": " + text);
        }
        if (Files.exists(folder.resolve("next/metrics.jsonl"))) {
            return Verdict.wrong(injected, "metrics were begun for a run that was refused");
        }
        List<String> where = name.equals("manifest.jsonl") ? List.of(name, "-of-rank-", "progress.json")
                : List.of(name);
        return ClearText.flaw(text, where).map(flaw -> Verdict.unclear(injected, flaw))
                .orElse(Verdict.held(injected));
    }
}
