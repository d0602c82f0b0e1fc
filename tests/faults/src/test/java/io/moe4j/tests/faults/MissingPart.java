package io.moe4j.tests.faults;

import io.moe4j.trainer.checkpoint.store.CheckpointStore;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.Receipt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * The second of two processes reports that its files are written, although they are missing or wrong; or it reports nothing.
 *
 * @param looks control if false: the fault happens after rank 0 has checked the files
 */
record MissingPart(boolean looks) implements FaultKind {

    /** The fault of the files of ranks 2 and 3. */
    private enum Lie {
        ELSEWHERE, ONE_MISSING, ONE_SHORT, OF_ANOTHER_STEP, NOT_TOLD
    }

    @Override
    public String name() {
        return "rank that lies about its files";
    }

    @Override
    public Verdict inject(Random random, Path folder) throws IOException {
        CheckpointStore store = new CheckpointStore(folder.resolve("run"), FileOperations.disk());
        Saved older = new Saved(1, 0);
        Path place = older.save(store);
        // After the check, only faults of files are possible.
        Lie lie = Lie.values()[looks ? random.nextInt(Lie.values().length) : 1 + random.nextInt(2)];
        Saved newer = new Saved(2, 0);
        Optional<Saved> reported = Optional.of(older);
        String injected = "the files of ranks 2 and 3: " + lie;
        try {
            if (looks) {
                newer.save(store, receipts -> lie(lie, store.part(2), place, receipts, random));
            } else {
                lie(lie, newer.save(store), place, List.of(), random);
            }
            reported = Optional.of(newer);
        } catch (IOException | RuntimeException e) {
            Optional<String> flaw = ClearText.flaw(ClearText.of(e),
                    List.of("-of-rank-00002", "ranks 2 and 3", "rank 2"));
            if (flaw.isPresent()) {
                return Verdict.unclear(injected, flaw.get());
            }
        }
        return new StoreJudge(injected, reported, List.of()).judge(store.folder());
    }

    private static List<Receipt> lie(Lie lie, Path written, Path older, List<Receipt> receipts, Random random)
            throws IOException {
        List<Path> files = Trees.list(written).stream()
                .filter(each -> String.valueOf(each.getFileName()).contains("-of-rank-00002")).toList();
        Path one = files.get(random.nextInt(files.size()));
        switch (lie) {
            case ELSEWHERE -> {
                for (Path each : files) {
                    Files.delete(each);
                }
            }
            case ONE_MISSING -> Files.delete(one);
            case ONE_SHORT -> {
                byte[] bytes = Files.readAllBytes(one);
                Files.write(one, Arrays.copyOf(bytes, bytes.length - 1 - random.nextInt(bytes.length)));
            }
            case OF_ANOTHER_STEP -> {
                for (Path each : files) {
                    Files.write(each, Files.readAllBytes(older.resolve(each.getFileName())));
                }
            }
            case NOT_TOLD -> {
                return receipts.subList(0, 1);
            }
        }
        return receipts;
    }
}
