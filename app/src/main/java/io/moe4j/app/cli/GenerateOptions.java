package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.tensor.DType;
import io.moe4j.app.generate.Prompt;
import io.moe4j.app.generate.PromptFile;
import io.moe4j.trainer.config.DeviceSettings;
import io.moe4j.trainer.config.WeightTypes;
import io.moe4j.trainer.generate.Sampling;
import io.moe4j.trainer.session.InferenceOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of {@code generate}, as a mixin. */
final class GenerateOptions {
    private static final String STANDARD_INPUT = "-";

    @Option(names = "--prompt", paramLabel = "TEXT", description = "A text to continue. May be given several times.")
    private List<String> prompts = new ArrayList<>();

    @Option(names = "--prompts", paramLabel = "FILE|-",
            description = {"Prompts, one in each line; - is standard input.",
                    "A .jsonl file has objects with \"prompt\" or \"prompt_ids\", or, for --chat, with \"messages\"."})
    private @Nullable String file;

    @Option(names = "--prompt-ids", paramLabel = "IDS",
            description = "The ids of a prompt, as 5,17,2. May be given several times.")
    private List<String> ids = new ArrayList<>();

    @Option(names = "--chat",
            description = {"Asks with the model's chat template: each prompt is what a user says.",
                    "On a terminal, a conversation that goes on; /new begins another one."})
    private boolean chat;

    @Option(names = "--system", paramLabel = "TEXT",
            description = "The instruction before a conversation; with --chat.")
    private @Nullable String system;

    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "128",
            description = "Largest number of tokens of an answer. Default: ${DEFAULT-VALUE}.")
    private int maxTokens;

    @Option(names = "--temperature", paramLabel = "T", defaultValue = "0",
            description = {"0 takes the most probable token (the default);",
                    "1 draws with the model's own probabilities; more is more random."})
    private double temperature;

    @Option(names = "--top-p", paramLabel = "P",
            description = "Draws from the most probable tokens whose probabilities add up to P. Default: 1, all tokens.")
    private @Nullable Double topP;

    @Option(names = "--seed", paramLabel = "N",
            description = "Seed of the random choices: the same prompt and seed give the same answer. Default: 0.")
    private @Nullable Long seed;

    @Option(names = "--ignore-end-token", description = "Goes on after the token that ends a text.")
    private boolean ignoreEndToken;

    @Option(names = "--context", paramLabel = "N",
            description = "Largest number of tokens of prompt and answer together. Default: what the prompts and --max-tokens need;"
                    + " 4096 where prompts are typed; never more than the model has positions.")
    private @Nullable Long context;

    @Option(names = "--tokenizer", paramLabel = "ID|PATH",
            description = "Instead of the model's own: bytes, or a file tokenizer.json.")
    private @Nullable String tokenizer;

    @Option(names = "--device", paramLabel = "ID", defaultValue = "cpu",
            description = "cpu, or cuda; cuda:1 is the second GPU. Default: ${DEFAULT-VALUE}.")
    private String device = "";

    @Option(names = "--dtype", paramLabel = "bf16|fp32",
            description = "Element type of weights and cache. Default: fp32 on the CPU, bf16 elsewhere.")
    private @Nullable String dtype;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "0",
            description = "Threads of the CPU. Default: all cores.")
    private int threads;

    @Option(names = "--pass", paramLabel = "N", defaultValue = "256",
            description = "Largest number of a prompt's tokens that pass through the model at once. Default: ${DEFAULT-VALUE}.")
    private long pass;

    /** The prompts that were given; empty if none were. */
    List<Prompt> prompts() {
        List<Prompt> all = new ArrayList<>();
        prompts.forEach(text -> all.add(new Prompt.Text(text)));
        ids.forEach(numbers -> all.add(Prompt.Ids.parse(numbers)));
        if (file != null) {
            all.addAll(file.equals(STANDARD_INPUT) ? standardInput() : PromptFile.read(Path.of(file)));
        }
        return all;
    }

    boolean isChat() {
        if (system != null && !chat) {
            throw new InputException(
                    "--system without --chat: it is the first message of a conversation; give --chat too");
        }
        return chat;
    }

    Optional<String> system() {
        return Optional.ofNullable(system);
    }

    /** With --chat, the prompts as conversations; otherwise unchanged. */
    List<Prompt> asAsked(List<Prompt> given) {
        return given.stream().map(prompt -> switch (prompt) {
            case Prompt.Text(String text) -> isChat() ? Prompt.Chat.of(system(), text) : prompt;
            case Prompt.Chat conversation -> {
                if (!isChat()) {
                    throw new InputException(
                            "a prompt has \"messages\", which are asked with a chat template; give --chat");
                }
                yield system == null ? conversation : conversation.after(system);
            }
            case Prompt.Ids(List<Integer> numbers) -> {
                if (isChat()) {
                    throw new InputException("the prompt of the ids " + Shown.of(numbers)
                            + " with --chat: a chat template writes texts; leave one of them out");
                }
                yield prompt;
            }
        }).toList();
    }

    /** The prompts of standard input, one in each line. */
    static List<Prompt> standardInput() {
        try {
            return PromptFile.read(System.in, "standard input", false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int maxTokens() {
        if (maxTokens < 1) {
            throw new InputException("--max-tokens " + maxTokens + ": an answer has at least 1 token");
        }
        return maxTokens;
    }

    Sampling sampling() {
        if (temperature == 0 && (topP != null || seed != null)) {
            throw new InputException((topP != null ? "--top-p " + topP : "--seed " + seed)
                    + " with --temperature 0, which always takes the most probable token; give one above 0, such as 1");
        }
        try {
            return new Sampling(temperature, topP == null ? 1 : topP, seed == null ? 0 : seed);
        } catch (InputException e) {
            // The message begins with the name of the value, which is also the name of the option.
            throw new InputException("--" + e.getMessage(), e);
        }
    }

    boolean ignoresEndToken() {
        return ignoreEndToken;
    }

    OptionalLong context() {
        return context == null ? OptionalLong.empty() : OptionalLong.of(context);
    }

    Optional<String> tokenizer() {
        return Optional.ofNullable(tokenizer);
    }

    /** How the model is opened. */
    InferenceOptions inference(long capacity) {
        if (pass < 1) {
            throw new InputException("--pass " + pass + ": at least 1 token passes through the model at once");
        }
        if (threads < 0 || threads > DeviceSettings.MOST_THREADS) {
            throw new InputException("--threads " + threads + ": it must lie between 0, which takes all cores, and "
                    + DeviceSettings.MOST_THREADS);
        }
        String id = device.contains(":") ? device.substring(0, device.indexOf(':')) : device;
        return InferenceOptions.onCpu(capacity).withDevice(id, ordinal()).withDtype(dtype(id)).withThreads(threads)
                .withLongestPass(pass);
    }

    private int ordinal() {
        if (!device.contains(":")) {
            return 0;
        }
        String number = device.substring(device.indexOf(':') + 1);
        if (!number.matches("[0-9]{1,9}")) {
            throw new InputException("--device " + device
                    + ": the number of a device must follow the colon, of at most nine digits, as in cuda:1");
        }
        return Integer.parseInt(number);
    }

    private DType dtype(String id) {
        return dtype != null ? WeightTypes.of("--dtype", dtype) : id.equals("cpu") ? DType.F32 : DType.BF16;
    }
}
