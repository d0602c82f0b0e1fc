package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.app.cli.Main;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command line's {@code generate}, on a folder and on checkpoints of several ranks. */
class GenerateCommandTest {
    private static final Path FOLDER = Goldens.path("deepseek_v3").resolveSibling("export").resolve("v3");

    @TempDir
    private Path temp;

    private record Result(int code, String out, String err) {

        JsonNode json() {
            assertEquals(0, code, err);
            return JsonMapper.shared().readTree(out);
        }
    }

    private static Result generate(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] all = Stream.concat(Stream.of("generate"), Stream.of(arguments).map(String::valueOf))
                .toArray(String[]::new);
        int code = Main.run(new PrintWriter(out), new PrintWriter(err), all);
        return new Result(code, out.toString(), err.toString());
    }

    /** The first of the golden continuations. */
    private static JsonNode golden() throws IOException {
        try (InputStream in = Objects.requireNonNull(GenerateTest.class.getResourceAsStream("generate.json"))) {
            return JsonMapper.shared().readTree(in).path("models").path("export/v3").get(0);
        }
    }

    private static String ids(JsonNode array) {
        return array.toString().replaceAll("[\\[\\]]", "");
    }

    /** Four ranks with two experts each have loaded the folder, made a step that changes nothing, and saved: the answer is still that of transformers. */
    @Test
    void aCheckpointOfFourRanksAnswersLikeTheFolderItCameFrom() throws IOException {
        Registry registry = Plugins.load(List.of());
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN,
                Arguments.of("model.from=" + FOLDER, "ranks=4", "parallelism.data_parallel_shard_degree=4",
                        "parallelism.expert_parallel_degree=4", "training.seq_len=8", "training.local_batch_size=1",
                        "training.steps=1", "optimizer.lr=1e-30", "moe.load_balance_coeff=0", "runtime.timeout=20")
                        .overrides(),
                ConfigUse.running());
        Path checkpoint;
        try (TrainingRun run = Trainer.open(config, registry,
                RunOptions.threads(config).withData((rank, read) -> () -> new Batch(new int[8], new int[8])))) {
            run.step();
            checkpoint = run.save(temp.resolve("saved"));
        }
        JsonNode expected = golden();
        JsonNode answer = generate(checkpoint, "--prompt-ids", ids(expected.path("prompt")), "--max-tokens",
                expected.path("continuation").size(), "--ignore-end-token", "--json").json();
        assertEquals(expected.path("continuation"), answer.path("ids"));
        assertEquals("max_tokens", answer.path("stop").stringValue());
        for (int i = 0; i < answer.path("ids").size(); i++) {
            assertEquals(expected.path("logprobs").get(i).doubleValue(), answer.path("logprobs").get(i).doubleValue(),
                    1.2e-3);
        }
    }

    @Test
    void anAnswerEndsWithTheEndTokenOrWithTheContext() throws IOException {
        JsonNode expected = golden();
        String prompt = ids(expected.path("prompt"));
        copyFolder();
        Files.writeString(temp.resolve("generation_config.json"),
                "{\"eos_token_id\": [77, " + expected.path("continuation").get(2) + "]}");
        // Without a tokenizer too, which ids need not have.
        for (List<String> tokenizer : List.of(List.of("--tokenizer", "bytes"), List.<String>of())) {
            JsonNode ended = generate(
                    Stream.concat(Stream.of(temp, "--prompt-ids", prompt, "--json"), tokenizer.stream())
                            .toArray())
                    .json();
            assertEquals("end_token", ended.path("stop").stringValue());
            assertEquals(3, ended.path("ids").size());
        }
        JsonNode longer = generate(temp, "--prompt-ids", prompt, "--max-tokens", 5, "--ignore-end-token", "--json")
                .json();
        assertEquals("max_tokens", longer.path("stop").stringValue());

        Result filled = generate(FOLDER, "--prompt-ids", prompt, "--context", expected.path("prompt").size() + 2,
                "--json");
        assertTrue(filled.err.contains("--context takes more, up to the model's 163840 positions"), filled.err);
        JsonNode full = filled.json();
        assertEquals("context_full", full.path("stop").stringValue());
        assertEquals(2, full.path("ids").size());
        assertTrue(full.path("text").isMissingNode(), full.toString());
    }

    /** No context takes more than the model has positions, so none is advised. */
    @Test
    void allPositionsOfTheModelAreTold() throws IOException {
        copyFolder();
        Path config = temp.resolve("config.json");
        String text = Files.readString(config);
        Files.writeString(config,
                text.replace("\"max_position_embeddings\": 163840", "\"max_position_embeddings\": 64"));
        Result all = generate(temp, "--prompt-ids", ids(golden().path("prompt")), "--max-tokens", 1000,
                "--ignore-end-token", "--json");
        assertEquals("context_full", all.json().path("stop").stringValue());
        assertTrue(all.err.contains("stopped: all 64 positions of the model are taken"), all.err);
    }

    /**
     * The token before every text does not change what the text is: its first word has the space that Metaspace puts there (id 1), and its own spaces stay
     * (id 3), although the token would take those that follow it. These are the ids of transformers 5.18.
     */
    @Test
    void aTextHasTheSameIdsAfterTheTokenThatBeginsIt() throws IOException {
        copyFolder();
        String file = "{'added_tokens': [{'id': 0, 'content': '<s>', 'rstrip': true, 'lstrip': false, 'single_word': false,"
                + " 'normalized': false, 'special': true}],"
                + " 'pre_tokenizer': {'type': 'Metaspace', 'replacement': '\u2581', 'prepend_scheme': 'first', 'split': true},"
                + " 'post_processor': {'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': '<s>', 'type_id': 0}},"
                + " {'Sequence': {'id': 'A', 'type_id': 0}}], 'pair': [{'Sequence': {'id': 'A', 'type_id': 0}},"
                + " {'Sequence': {'id': 'B', 'type_id': 1}}],"
                + " 'special_tokens': {'<s>': {'id': '<s>', 'ids': [0], 'tokens': ['<s>']}}},"
                + " 'model': {'type': 'WordLevel', 'unk_token': '?', 'vocab': {'<s>': 0, '\u2581be': 1, 'be': 2, '\u2581': 3,"
                + " '?': 4, '</s>': 5}}}";
        Files.writeString(temp.resolve("tokenizer.json"), file.replace('\'', '"'));
        for (List<String> each : List.of(List.of("be", "[0,1]"), List.of("  be", "[0,3,1]"), List.of("", "[0]"),
                List.of("<s>be", "[0,2]"))) {
            JsonNode answer = generate(temp, "--prompt", each.getFirst(), "--max-tokens", 1, "--json").json();
            assertEquals(each.getLast(), answer.path("prompt_ids").toString(), each.getFirst());
        }
    }

    /** The template writes the prompt, nothing is added before it; its end of an answer ends one, and special tokens are no text. */
    @Test
    void aConversationIsAskedWithTheTemplate() throws IOException {
        copyFolder();
        String specials = IntStream.range(0, 256).mapToObj(
                id -> "{\"id\":" + id + ",\"content\":\"<" + id
                        + ">\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":"
                        + (id != 7) + "}")
                .collect(Collectors.joining(","));
        String vocabulary = IntStream.range(0, 256).mapToObj(id -> "\"<" + id + ">\":" + id)
                .collect(Collectors.joining(","));
        Files.writeString(temp.resolve("tokenizer.json"), "{\"added_tokens\":[" + specials
                + "],\"pre_tokenizer\":{\"type\":\"Whitespace\"},\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"<9>\",\"vocab\":{"
                + vocabulary + "}}}");
        Files.writeString(temp.resolve("tokenizer_config.json"), "{\"eos_token\":\"<0>\",\"bos_token\":\"<1>\"}");
        Files.writeString(temp.resolve("chat_template.jinja"),
                "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}<2>{% elif m.role == 'user' %}<3>{% else %}<4>{% endif %}"
                        + "{{ m.content }}<5>{% endfor %}{% if add_generation_prompt %}<4>{% endif %}");
        JsonNode answer = generate(temp, "--chat", "--system", "<7>", "--prompt", "<8>", "--max-tokens", 3, "--json")
                .json();
        assertEquals("[1,2,7,5,3,8,5,4]", answer.path("prompt_ids").toString());
        assertEquals("[{\"role\":\"system\",\"content\":\"<7>\"},{\"role\":\"user\",\"content\":\"<8>\"}]",
                answer.path("messages").toString());
        assertEquals("assistant", answer.path("message").path("role").stringValue());
        assertEquals(answer.path("text"), answer.path("message").path("content"));
        assertTrue(answer.path("text").stringValue().replace("<7>", "").isBlank(), answer.toString());
        Path file = Files.writeString(temp.resolve("asked.jsonl"), "{\"messages\":" + answer.path("messages") + "}\n");
        JsonNode again = generate(temp, "--chat", "--prompts", file, "--max-tokens", 3, "--json").json();
        assertEquals(answer.path("ids"), again.path("ids"));
        // What the template writes at the end of an answer ends one: the answer's first token, in its place.
        Files.writeString(temp.resolve("chat_template.jinja"), Files.readString(temp.resolve("chat_template.jinja"))
                .replace("{{ m.content }}<5>", "{{ m.content }}{{ '<" + answer.path("ids").get(0)
                        + ">' if m.role == 'assistant' else '<5>' }}"));
        JsonNode ended = generate(temp, "--chat", "--prompts", file, "--max-tokens", 3, "--json").json();
        assertEquals("end_token", ended.path("stop").stringValue());
        assertEquals(1, ended.path("ids").size());

        for (List<Object> wrong : List.<List<Object>>of(List.of("--prompts", file, "give --chat"),
                List.of("--system", "x", "--prompt", "y", "--system without --chat"),
                List.of("--chat", "--prompt-ids", "5", "a chat template writes texts"),
                List.of("--chat", "--system", "x", "--prompts", file, "leave one of them out"))) {
            Result refused = generate(
                    Stream.concat(Stream.of(temp), wrong.subList(0, wrong.size() - 1).stream()).toArray());
            assertEquals(2, refused.code(), refused.err());
            assertTrue(refused.err().contains(String.valueOf(wrong.getLast())), refused.err());
        }
        Result without = generate(FOLDER, "--chat", "--tokenizer", temp.resolve("tokenizer.json"), "--prompt", "x");
        assertTrue(without.err().contains("has no chat template"), without.err());
    }

    private void copyFolder() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.toList()) {
                Files.copy(file, temp.resolve(file.getFileName().toString()));
            }
        }
    }

    /** Random choices depend on prompt and seed, and not on earlier answers. */
    @Test
    void severalPromptsHaveTheAnswersThatEachHasAlone() throws IOException {
        Path file = Files.writeString(temp.resolve("prompts.jsonl"),
                "{\"prompt\": \"abc\"}\n{\"prompt_ids\": [4, 5]}\n{\"prompt\": \"abc\"}\n");
        List<String> options = List.of("--tokenizer", "bytes", "--temperature", "1.3", "--top-p", "0.9", "--seed", "12",
                "--max-tokens", "9", "--json", "--ignore-end-token");
        List<String> lines = generate(Stream.concat(Stream.of(FOLDER, "--prompts", file), options.stream()).toArray())
                .out()
                .lines().toList();
        assertEquals(3, lines.size());
        assertEquals(lines.get(0), lines.get(2));
        String alone = generate(Stream.concat(Stream.of(FOLDER, "--prompt", "abc"), options.stream()).toArray()).out();
        assertEquals(lines.getFirst(), alone.strip());
    }

    /** A question mark would be another text. */
    @Test
    void halvesOfCharactersAreReplaced() throws IOException {
        Path file = Files.writeString(temp.resolve("prompts.jsonl"), "{\"prompt\": \"a\\ud83db\\ud83d\\ude00\"}\n");
        JsonNode answer = generate(FOLDER, "--tokenizer", "bytes", "--prompts", file, "--max-tokens", 1, "--json")
                .json();
        assertEquals("[97,239,191,189,98,240,159,152,128]", answer.path("prompt_ids").toString());
    }

    @Test
    void textIsPrintedAsItIs() {
        Result result = generate(FOLDER, "--tokenizer", "bytes", "--prompt", "abc", "--max-tokens", "12",
                "--ignore-end-token", "-v");
        assertEquals(0, result.code(), result.err());
        assertTrue(result.out().length() > 1 && result.out().endsWith("\n"), result.out());
        // Three layers with a latent of 24 and 16 rotated elements in single precision; see the folder's config.json.
        assertTrue(result.err().contains("the cache takes 480 bytes a token"), result.err());
        assertTrue(result.err().contains("[prompt: 3 tokens, "), result.err());
        assertTrue(result.err().contains("stopped after --max-tokens 12]"), result.err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            value = {"--prompt-ids 5,x | --prompt-ids \"5,x\": \"x\" is no id",
                    "--prompt-ids 5,300 | token 2 of the prompt is 300: ids of deepseek_v3 are from 0 to 255",
                    "--prompt-ids 5 --max-tokens 0 | --max-tokens 0: an answer has at least 1 token",
                    "--prompt-ids 5 --temperature -1 | --temperature -1.0: it must be from 0",
                    "--prompt-ids 5 --temperature 1 --top-p 0 | --top-p 0.0: it must be above 0 and at most 1",
                    "--prompt-ids 5 --top-p 0.5 | --top-p 0.5 with --temperature 0",
                    "--prompt-ids 5 --seed 3 | --seed 3 with --temperature 0",
                    "--prompt-ids 5,6,7 --context 3 | a prompt of 3 tokens in a context of 3",
                    "--prompt-ids 5 --context 1 | --context 1: deepseek_v3 takes 2 to",
                    "--prompt-ids 5 --pass 0 | --pass 0: at least 1 token",
                    "--prompt-ids 5 --device abacus | there is no device \"abacus\"",
                    "--prompt-ids 5 --device cpu:x | the number of a device must follow the colon",
                    "--prompt-ids 5 --device cpu:1 | device cpu:1: this process sees 1 device of the kind",
                    "--prompt-ids 5 --device cpu:4294967295 | --device cpu:4294967295: the number of a device must follow",
                    "--prompt-ids 5 --threads 1025 | --threads 1025: it must lie between 0",
                    "--prompt-ids 5 --dtype int8 | --dtype int8: it must be bf16 (bfloat16) or fp32 (float32)",
                    "--prompt abc | has no tokenizer.json; name a tokenizer",
                    "--prompts /nowhere | --prompts /nowhere does not exist",
                    "--prompt abc --tokenizer abacus | or the path of a tokenizer.json, or add the jar that has it to the plug-in path"})
    void badInputIsRefused(String arguments, String expected) {
        Object[] all = Stream.concat(Stream.of(FOLDER), Stream.of(arguments.split(" "))).toArray();
        Result result = generate(all);
        assertEquals(2, result.code(), result.err());
        assertEquals("", result.out());
        assertTrue(result.err().contains(expected), result.err());
        // A remark of the folder comes first: its config.json names modules for multi-token prediction that it does not have.
        assertEquals(1, result.err().lines().filter(line -> !line.startsWith("config.json says")).count(),
                result.err());
    }
}
