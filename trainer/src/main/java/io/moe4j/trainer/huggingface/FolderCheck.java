package io.moe4j.trainer.huggingface;

import io.moe4j.api.Shown;
import io.moe4j.safetensors.StoredType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Compares the tensors of a folder with those of the model. */
final class FolderCheck {
    private static final Pattern LAYER = Pattern.compile("model\\.layers\\.([0-9]{1,6})\\.(.+)");
    /** Matches parts of names that only modules for multi-token prediction have. */
    private static final Pattern PREDICTION = Pattern.compile("(eh_proj|enorm|hnorm|shared_head|embed_tokens)\\..*");
    private static final String HEAD = "lm_head.weight";
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String FREQUENCIES = ".rotary_emb.inv_freq";

    private final FolderConfig config;
    private final NavigableMap<String, Weight> found;
    private final ProblemList problems;
    private final Set<String> used = new HashSet<>();
    private final List<String> remarks = new ArrayList<>();

    FolderCheck(FolderConfig config, NavigableMap<String, Weight> found, ProblemList problems) {
        this.config = config;
        this.found = found;
        this.problems = problems;
    }

    /** Notes all problems, and returns the tensors by name. */
    Map<String, Weight> match(ExpectedTensors expected) {
        Map<String, Weight> matched = new HashMap<>();
        expected.parameters().forEach((name, shape) -> match(name, shape, matched));
        // A published class has biases in all layers or in none.
        boolean biases = expected.biases().keySet().stream().anyMatch(found::containsKey);
        if (biases) {
            expected.biases().forEach((name, shape) -> match(name, shape, matched));
        } else if ("noaux_tc".equals(config.values().get("topk_method"))) {
            remarks.add("the experts' biases (e_score_correction_bias) are not there, and are 0");
        }
        rest(expected);
        return matched;
    }

    List<String> remarks() {
        return remarks;
    }

    private void match(String name, List<Long> shape, Map<String, Weight> matched) {
        Weight weight = found.get(name);
        if (weight == null) {
            problems.add("tensors are missing" + (name.equals(HEAD)
                    ? " (without a head of its own, a model says tie_word_embeddings = true)"
                    : "; take all files of the published folder"), name);
            return;
        }
        used.add(name);
        if (!weight.entry().shape().equals(shape)) {
            problems.add("tensors have another shape than " + FolderConfig.NAME + " says",
                    name + " " + weight.entry().shape() + " instead of " + shape);
        } else if (!WeightDecoder.reads(weight.type())) {
            problems.add("tensors have a type that no weights have here; those of F32, F16, BF16 and F8_E4M3 are read",
                    name + " " + weight.type());
        } else {
            matched.put(name, weight.type() == StoredType.F8_E4M3 ? scaled(weight) : weight);
        }
    }

    /** A matrix in FP8 with its scales. */
    private Weight scaled(Weight weight) {
        String name = weight.entry().name();
        Weight scales = found.get(name + BlockScales.ENDING);
        if (config.scales().isEmpty()) {
            problems.add("tensors are FP8, and " + FolderConfig.NAME + " has no " + BlockScales.KEY
                    + " with the size of their blocks; take the published file", name);
            return weight;
        }
        BlockScales blocks = config.scales().get();
        if (weight.entry().shape().size() != 2) {
            problems.add("tensors are FP8 and no matrices, so that they have no blocks", name);
            return weight;
        }
        List<Long> shape = blocks.shape(weight.entry().shape());
        if (scales == null) {
            problems.add("tensors are FP8 and have no scales; take all files of the published folder",
                    name + BlockScales.ENDING);
            return weight;
        }
        used.add(name + BlockScales.ENDING);
        if (!scales.entry().shape().equals(shape) || !WeightDecoder.reads(scales.type())
                || scales.type() == StoredType.F8_E4M3) {
            problems.add("tensors of scales have not the shape that blocks of " + blocks.rows() + " x "
                    + blocks.columns() + " need, or are not F32, F16 or BF16",
                    scales.entry() + " instead of " + shape);
            return weight;
        }
        return weight.with(new Weight.Scales(blocks, weight.entry().shape().getLast(), scales));
    }

    /** Tensors that the model does not have. Some of them are usual in published folders, and are reported as a remark; the others are problems. */
    private void rest(ExpectedTensors expected) {
        Map<String, Integer> notRead = new TreeMap<>();
        for (Map.Entry<String, Weight> each : found.entrySet()) {
            String name = each.getKey();
            // With n_shared_experts = 0, transformers writes matrices of shared experts that have no rows.
            if (used.contains(name) || name.endsWith(FREQUENCIES) || each.getValue().entry().elements() == 0) {
                continue;
            }
            if (name.equals(HEAD) && !expected.parameters().containsKey(HEAD)) {
                head(each.getValue());
            } else if (expected.repeated().containsKey(name)) {
                repeated(each.getValue(), expected.repeated().getOrDefault(name, name));
            } else if (isPrediction(name)) {
                notRead.merge("of layers for multi-token prediction, which are left out here", 1, Integer::sum);
            } else {
                problems.add("tensors are not of this model; take the " + FolderConfig.NAME + " that belongs to them",
                        each.getValue().entry().toString());
            }
        }
        notRead.forEach((what, count) -> remarks.add(Shown.count(count, "tensor")
                + (count == 1 ? " is not read: it is " : " are not read: they are ") + what));
        int modules = config.count(FolderConfig.PREDICTION, 0);
        if (notRead.isEmpty() && modules > config.spec().predictionDepth()) {
            remarks.add(FolderConfig.NAME + " says " + FolderConfig.PREDICTION + " = " + modules
                    + ", and the folder has no weights of such modules: the model is used without them");
        }
    }

    /** A copy of another tensor is not read. It may differ, because other software that trained the model further may not have updated the copy. */
    private void repeated(Weight copy, String name) {
        Weight original = found.get(name);
        if (original != null && (copy.type() != original.type() || copy.data().mismatch(original.data()) != -1)) {
            remarks.add(copy.entry().name() + " is not read: it should be a copy of " + name
                    + ", which is used in its place, and differs from it");
        }
    }

    /** A tied head that is saved too must be equal to the embedding. */
    private void head(Weight head) {
        Weight embedding = found.get(EMBEDDING);
        if (embedding != null && head.type() == embedding.type()
                && head.data().mismatch(embedding.data()) == -1) {
            remarks.add(HEAD + " is not read: it is the embedding");
        } else {
            problems.add(
                    "head that differs from the embedding, although tie_word_embeddings is true; set that to false to"
                            + " train both",
                    head.entry().toString());
        }
    }

    private boolean isPrediction(String name) {
        Matcher layer = LAYER.matcher(name);
        if (!layer.matches()) {
            return false;
        }
        int number = Integer.parseInt(layer.group(1));
        int layers = config.count("num_hidden_layers", 0);
        String prefix = "model.layers." + number + ".";
        return number >= layers && (number < layers + config.count(FolderConfig.PREDICTION, 0)
                || found.subMap(prefix, prefix + Character.MAX_VALUE).keySet().stream()
                        .anyMatch(each -> PREDICTION.matcher(each.substring(prefix.length())).matches()));
    }
}
