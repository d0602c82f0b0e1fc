package io.moe4j.tests.faults;

import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.run.RanksDisagreeException;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankSession;
import io.moe4j.trainer.step.Optimizer;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream.Builder;

/**
 * A bit flips in the memory of one of two ranks that hold copies of everything: of a parameter, a moment or an expert's bias, between two steps.
 *
 * @param compares control if false: {@code runtime.agreement_interval} is 0, so that copies are not compared
 */
record FlippedBit(boolean compares) implements FaultKind {
    private static final int STEPS = 5;
    private static final List<String> TWO_COPIES = List.of("parallelism.data_parallel_replicate_degree=2",
            "parallelism.data_parallel_shard_degree=1", "parallelism.expert_parallel_degree=1");

    @Override
    public String name() {
        return "flipped bit in a rank's copy";
    }

    @Override
    public Verdict inject(Random random, Path folder) {
        Map<Long, Double> undisturbed;
        try (TrainingRun run = TinyRun.open(options -> options, with("checkpoint.enable=false"))) {
            undisturbed = TinyRun.losses(run);
        }
        int rank = random.nextInt(2);
        int before = 1 + random.nextInt(STEPS - 1);
        long choice = random.nextLong();
        int bit = random.nextInt(Integer.SIZE);
        String injected = "bit " + bit + " of rank " + rank + " after step " + before;
        long reported = 0;
        try (TrainingRun run = TinyRun.open(options -> options.withOutput(folder),
                with("runtime.agreement_interval=" + (compares ? 1 : 0)))) {
            while (run.hasNext()) {
                run.step();
                reported = run.stepsDone();
                if (reported == before) {
                    injected += ", " + run.session().onRanks(each -> each.context().rank() == rank
                            ? flip(each, choice, bit) : "").get(rank);
                }
            }
            return Verdict.wrong(injected, "it was not noticed, and the run was saved to its end");
        } catch (RanksDisagreeException e) {
            Optional<String> flaw = ClearText.flaw(ClearText.of(e), List.of("these differ"));
            return flaw.isPresent() ? Verdict.unclear(injected, flaw.get())
                    : new RunJudge(undisturbed).judge(injected, folder, reported, TWO_COPIES.toArray(String[]::new));
        }
    }

    /** Flips a bit of a random word of a tensor of which this rank has a copy; returns the name of the tensor. */
    private static String flip(RankSession rank, long choice, int bit) {
        Builder<Tensor> all = java.util.stream.Stream.builder();
        for (Optimizer.Shard shard : rank.optimizer().shards()) {
            all.add(shard.unit().shard()).add(shard.firstMoment()).add(shard.secondMoment());
        }
        rank.model().buffers().values().forEach(all::add);
        List<Tensor> tensors = all.build().toList();
        Random random = new Random(choice);
        int which = random.nextInt(tensors.size());
        Tensor tensor = tensors.get(which);
        long at = random.nextLong(tensor.elements());
        Tensor word = tensor.view(tensor.elements()).slice(0, at, at + 1);
        Stream stream = rank.context().stream();
        int[] value = new int[1];
        stream.download(word, MemorySegment.ofArray(value));
        value[0] ^= 1 << bit;
        stream.upload(MemorySegment.ofArray(value), word);
        return "element " + at + " of copy " + which + " of " + tensors.size();
    }

    private static String[] with(String more) {
        List<String> all = new ArrayList<>(TWO_COPIES);
        all.add("training.steps=" + STEPS);
        all.add(more);
        return all.toArray(String[]::new);
    }
}
