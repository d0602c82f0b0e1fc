package io.moe4j.trainer.plan;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.autograd.model.ModelSpec.ModelFigures;
import io.moe4j.trainer.config.MemoryBudget;
import io.moe4j.trainer.config.OptimizerName;
import io.moe4j.trainer.config.ParallelismConfig;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.config.TrainingConfig;
import io.moe4j.trainer.session.MemoryPlan;
import io.moe4j.trainer.session.SentRows;
import io.moe4j.trainer.session.RecomputePlan;
import io.moe4j.trainer.session.StepTraffic;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A cost plan as a table for people and as JSON.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.INTERNAL)
public final class CostReport {
    private final CostPlan plan;

    /** The report of this plan. */
    public CostReport(CostPlan plan) {
        this.plan = plan;
    }

    /** The plan as a table. */
    public String text() {
        TrainerConfig config = plan.config();
        TrainingConfig training = config.training();
        ParallelismConfig layout = config.parallelism();
        ModelFigures figures = plan.figures();
        StringBuilder text = new StringBuilder();
        line(text, "model", "%s, %s, %s, recompute %s", config.model().from()
                .map(folder -> plan.model() + " of " + config.model().flavor())
                .orElseGet(() -> config.model().name() + " " + config.model().flavor()),
                config.model().moeCommBackend(),
                training.dtype().name().toLowerCase(Locale.ROOT), config.activationCheckpoint().mode());
        line(text, "ranks", "%d%s: replicas x shards %d x %d, expert-parallel over %d; %s%d x %d tokens each",
                config.ranks(), config.ranks() == 1 ? "" : ", as threads of one process",
                layout.dataParallelReplicateDegree(), layout.dataParallelShardDegree(), layout.expertParallelDegree(),
                config.microbatches() == 1 ? "" : config.microbatches() + " microbatches of ",
                training.localBatchSize(), training.seqLen());
        line(text, "parameters", "%,d, of which a token uses %,d", figures.parameters(), figures.activeParameters());
        line(text, "operations", "%s a token, %s a step (recompute not counted)", flop(figures.flopsPerToken()),
                flop(plan.flopsPerStep()));
        line(text, "receive buffer", "%,d rows", plan.rank().receiveCapacityRows());
        plan.rounds().ifPresent(rounds -> line(text, "rounds",
                "%,d under even routing (%,d rows a rank), %,d where a rank receives twice that, at most %,d; a step %s",
                rounds.even(), rounds.balancedRows(), rounds.twiceTheMean(), rounds.worst(),
                rounds.whyAll().map(why -> "enqueues that many, and those that it does not need do nothing: " + why)
                        .orElse("makes those that it needs")));
        memory(text);
        plan.recompute().ifPresent(budget -> budget(text, budget));
        if (plan.overlapping().isOn()) {
            text.append(
                    "\nshards and rows cross links while ranks compute (training.overlap), in memory of their own\n");
        }
        traffic(text);
        plan.sentRows().filter(rows -> rows.ranks() > 1).ifPresent(rows -> sentRows(text, rows));
        return text.toString();
    }

    private void memory(StringBuilder text) {
        MemoryPlan memory = plan.rank().memory();
        text.append("\nmemory of rank ").append(CostPlan.RANK).append(others()).append('\n');
        memory.byPurpose().entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
                .forEach(entry -> row(text, entry.getKey(), entry.getValue()));
        row(text, "total", memory.totalBytes());
        if (memory.hostBytes() > 0) {
            text.append("\nof the host's memory\n");
            memory.host().forEach((purpose, bytes) -> row(text, purpose, bytes));
            text.append('\n');
        }
        String device = plan.config().device();
        text.append(plan.deviceBytes() == 0
                ? "the device " + device + " is not on this machine, so the total is compared with nothing\n"
                : String.format(Locale.ROOT, "the device %s has %s: room for %s of this size%n", device,
                        Shown.bytes(plan.deviceBytes()), Shown.count(plan.ranksPerDevice(), "rank")));
    }

    /** How the other ranks compare with the one that is planned. */
    private String others() {
        TrainerConfig config = plan.config();
        boolean alone = config.parallelism().dataParallelShardDegree() == 1;
        return config.ranks() == 1 ? ""
                : config.optimizer().name() == OptimizerName.MUON && !alone
                        ? " (with Muon, ranks orthogonalise different matrices: others need a little more or less)"
                        : ", which needs the most";
    }

    private void budget(StringBuilder text, BudgetPlan budget) {
        text.append("\nwhat a rank keeps within activation_checkpoint.memory_budget\n");
        if (plan.deviceBytes() == 0
                && plan.config().activationCheckpoint().memoryBudget() instanceof MemoryBudget.Auto) {
            text.append("  the device ").append(plan.config().device())
                    .append(" is not on this machine, so it is not known what it leaves: 0 is assumed\n");
        }
        budget.chosen().lines().forEach(line -> text.append("  ").append(line).append('\n'));
        boolean parameters = budget.curve().stream().anyMatch(point -> point.parameters().total() > 0);
        text.append(String.format(Locale.ROOT, "%n  %14s  %14s  %18s%s%n", "kept, GiB", "rank, GiB", "computed again",
                parameters ? "   of it parameters, GiB" : ""));
        budget.curve().forEach(point -> text.append(String.format(Locale.ROOT, "  %14.3f  %14.3f  %17.1f%%%s%n",
                gib(point.usedBytes()), gib(budget.neededBytes() + point.usedBytes()), 100 * point.repeatedShare(),
                parameters ? String.format(Locale.ROOT, "  %22.3f", gib(point.parameters().total())) : "")));
    }

    private void traffic(StringBuilder text) {
        StepTraffic traffic = plan.rank().traffic();
        text.append("\nbytes that a rank sends in a step, under even routing\n");
        traffic.byKind().forEach((kind, bytes) -> row(text, kind.replace('_', ' '), bytes));
        row(text, "total", traffic.totalBytes());
    }

    private void sentRows(StringBuilder text, SentRows rows) {
        String dedup = plan.config().moe().dedup().name().toLowerCase(Locale.ROOT);
        text.append(String.format(Locale.ROOT,
                "%nrows that one dispatch sends to other ranks; the %d experts of a token are on %.3f of %d ranks%n",
                rows.topK(), rows.ranksOfToken(), rows.ranks()));
        row(text, String.format(Locale.ROOT, "%,.0f, each copy by itself", rows.eachCopy()), rows.bytesOfEachCopy());
        row(text, String.format(Locale.ROOT, "%,.0f, once to each rank", rows.once()), rows.bytesOnce());
        text.append("moe.dedup = \"").append(dedup).append("\": ")
                .append(rows.isOnce() ? "once to each rank" : "each copy by itself")
                .append(dedup.equals("auto") && rows.isOnce() ? " on another device\n" : "\n");
    }

    private static String flop(double count) {
        String[] units = {"MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"};
        double scaled = count / 1e6;
        int unit = 0;
        while (scaled >= 1000 && unit < units.length - 1) {
            scaled /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, "%.3f %s", scaled, units[unit]);
    }

    private static void line(StringBuilder text, String name, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-16s", name)).append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }

    private static void row(StringBuilder text, String name, long bytes) {
        text.append(String.format(Locale.ROOT, "  %-40s %,22d  %12s%n", name, bytes, Shown.bytes(bytes)));
    }

    private static double gib(long bytes) {
        return bytes / (double) (1L << 30);
    }

    /** The plan as a JSON object. */
    public Map<String, Object> json() {
        TrainerConfig config = plan.config();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("model", config.model().from().isPresent() ? plan.model() : config.model().name());
        json.put("flavor", config.model().flavor());
        config.model().from().ifPresent(folder -> json.put("from", folder.toString()));
        json.put("moe_comm_backend", config.model().moeCommBackend());
        json.put("ranks", config.ranks());
        json.put("data_parallel_replicate_degree", config.parallelism().dataParallelReplicateDegree());
        json.put("data_parallel_shard_degree", config.parallelism().dataParallelShardDegree());
        json.put("expert_parallel_degree", config.parallelism().expertParallelDegree());
        json.put("local_batch_size", config.training().localBatchSize());
        json.put("gradient_accumulation_steps", config.microbatches());
        json.put("seq_len", config.training().seqLen());
        json.put("parameters", plan.figures().parameters());
        json.put("active_parameters", plan.figures().activeParameters());
        json.put("flops_per_token", plan.figures().flopsPerToken());
        json.put("flops_per_step", plan.flopsPerStep());
        json.put("receive_capacity_rows", plan.rank().receiveCapacityRows());
        plan.rounds().ifPresent(rounds -> {
            json.put("rounds_even", rounds.even());
            json.put("rounds_twice_the_mean", rounds.twiceTheMean());
            json.put("rounds_worst", rounds.worst());
            json.put("rounds_as_needed", rounds.whyAll().isEmpty());
        });
        json.put("planned_rank", CostPlan.RANK);
        json.put("memory_bytes_by_purpose", plan.rank().memory().byPurpose());
        json.put("memory_bytes", plan.rank().memory().totalBytes());
        json.put("host_memory_bytes_by_purpose", plan.rank().memory().host());
        json.put("host_memory_bytes", plan.rank().memory().hostBytes());
        plan.recompute().ifPresent(budget -> json.put("recompute", json(budget)));
        json.put("overlap", plan.overlapping().isOn());
        json.put("device", config.device());
        json.put("device_bytes", plan.deviceBytes());
        json.put("sent_bytes_by_kind", plan.rank().traffic().byKind());
        json.put("sent_bytes", plan.rank().traffic().totalBytes());
        plan.sentRows().ifPresent(rows -> {
            json.put("ranks_of_token", rows.ranksOfToken());
            json.put("dispatch_bytes_each_copy", rows.bytesOfEachCopy());
            json.put("dispatch_bytes_once", rows.bytesOnce());
            json.put("dispatch_sends_once", rows.isOnce());
        });
        return json;
    }

    private static Map<String, Object> json(BudgetPlan budget) {
        Map<String, Object> json = point(budget, budget.chosen());
        json.put("budget_bytes", budget.chosen().budgetBytes());
        json.put("blocks", budget.chosen().blocks().stream().map(CostReport::json).toList());
        json.put("curve", budget.curve().stream().map(each -> point(budget, each)).toList());
        return json;
    }

    private static Map<String, Object> point(BudgetPlan budget, RecomputePlan plan) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("kept_bytes", plan.keptBytes());
        json.put("converted_bytes", plan.parameters().converted());
        json.put("gathered_bytes", plan.parameters().gathered());
        json.put("memory_bytes_at_most", budget.neededBytes() + plan.usedBytes());
        json.put("repeated_share", plan.repeatedShare());
        return json;
    }

    private static Map<String, Object> json(RecomputePlan.Blocks blocks) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("count", blocks.count());
        json.put("kept", blocks.kept());
        json.put("kept_bytes", blocks.bytes());
        json.put("repeated_share", blocks.repeatedShare());
        return json;
    }
}
