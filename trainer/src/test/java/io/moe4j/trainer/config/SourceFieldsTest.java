package io.moe4j.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.plugins.Plugins;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the sources of a mixture have: texts, prompts and texts, or conversations. */
class SourceFieldsTest {
    private static final Optional<String> NONE = Optional.empty();

    @TempDir
    private Path folder;

    @Test
    void aSourceHasItsOwnFieldsAndOtherwiseThoseOfAll() {
        DataConfig data = ConfigLoader.unchecked(NamedConfigs.PLAIN, Arguments.of("data.text_field=body",
                "data.messages_field=messages", "data.sources.all.path=x", "data.sources.talks.path=x",
                "data.sources.talks.messages_field=turns", "data.sources.texts.path=x",
                "data.sources.texts.messages_field=", "data.sources.named.path=x",
                "data.sources.named.text_field=answer", "data.sources.asked.path=x",
                "data.sources.asked.prompt_field=ask").overrides()).data();
        assertEquals(new SourceFields("body", NONE, Optional.of("messages")), fields(data, "all"));
        assertEquals(new SourceFields("body", NONE, Optional.of("turns")), fields(data, "talks"));
        assertEquals(new SourceFields("body", NONE, NONE), fields(data, "texts"));
        assertEquals(new SourceFields("answer", NONE, NONE), fields(data, "named"));
        assertEquals(new SourceFields("body", Optional.of("ask"), NONE), fields(data, "asked"));

        DataConfig prompts = ConfigLoader.unchecked(NamedConfigs.PLAIN, Arguments.of("data.prompt_field=ask",
                "data.sources.plain.path=x", "data.sources.plain.prompt_field=", "data.sources.named.path=x",
                "data.sources.named.text_field=answer", "data.sources.talks.path=x",
                "data.sources.talks.messages_field=turns").overrides()).data();
        assertEquals(new SourceFields("text", NONE, NONE), fields(prompts, "plain"));
        assertEquals(new SourceFields("answer", Optional.of("ask"), NONE), fields(prompts, "named"));
        assertEquals(new SourceFields("text", NONE, Optional.of("turns")), fields(prompts, "talks"));
    }

    @Test
    void thePathOfValidationHasItsOwnFieldsAndOtherwiseThoseOfAll() {
        List<String> data = List.of("validation.path=x", "data.text_field=body", "data.messages_field=messages");
        assertEquals(new SourceFields("body", NONE, Optional.of("messages")), validation(data));
        assertEquals(new SourceFields("body", NONE, Optional.of("turns")),
                validation(data, "validation.messages_field=turns"));
        assertEquals(new SourceFields("body", NONE, NONE), validation(data, "validation.messages_field="));
        assertEquals(new SourceFields("answer", Optional.of("ask"), NONE),
                validation(data, "validation.text_field=answer", "validation.prompt_field=ask"));
        List<String> prompts = List.of("validation.path=x", "data.prompt_field=ask");
        assertEquals(new SourceFields("text", Optional.of("ask"), NONE), validation(prompts));
        assertEquals(new SourceFields("text", NONE, NONE), validation(prompts, "validation.prompt_field="));
        assertEquals(new SourceFields("text", NONE, Optional.of("turns")),
                validation(prompts, "validation.messages_field=turns"));
    }

    @Test
    void fieldsOfValidationThatContradictThemselvesAreTold() throws Exception {
        Path file = Files.writeString(folder.resolve("a.txt"), "text");
        Path template = Files.writeString(folder.resolve("own.jinja"), "{{ messages[0].content }}");
        String told = String.valueOf(problems(List.of("data.path=" + file, "validation.path=" + file,
                "validation.interval=1", "validation.text_field=", "validation.prompt_field=text")).getMessage());
        assertTrue(told.contains("validation.text_field = \"\"") && told.contains("texts are in some key or column"),
                told);
        assertTrue(told.contains("validation: prompt and text are \"text\"")
                && told.contains("set validation.prompt_field = \"\" for none"), told);
        String both = String.valueOf(problems(List.of("data.path=" + file, "validation.path=" + file,
                "data.chat_template=" + template, "validation.text_field=body", "validation.messages_field=m"))
                .getMessage());
        assertTrue(both.contains("validation.messages_field = \"m\", validation.text_field = \"body\"")
                && both.contains("either prompts and texts, or conversations"), both);
        String missing = String.valueOf(problems(List.of("data.path=" + file, "validation.path=" + file,
                "validation.messages_field=m")).getMessage());
        assertTrue(missing.contains("validation.messages_field = \"m\"")
                && missing.contains("name one with data.chat_template = FILE"), missing);
    }

    @Test
    void whatContradictsItselfIsToldTogether() throws Exception {
        Path file = Files.writeString(folder.resolve("a.txt"), "text");
        List<String> given = new ArrayList<>();
        for (String name : List.of("both", "same", "empty", "number")) {
            given.add("data.sources." + name + ".path=" + file);
        }
        given.addAll(List.of("data.sources.both.messages_field=m", "data.sources.both.prompt_field=ask",
                "data.sources.same.prompt_field=text", "data.sources.empty.text_field=",
                "data.sources.number.wait=1"));
        String told = String.valueOf(problems(given).getMessage());
        for (String part : List.of(
                "data.sources.both.messages_field = \"m\", data.sources.both.prompt_field = \"ask\"",
                "either prompts and texts, or conversations", "data.sources.same: prompt and text are \"text\"",
                "set data.sources.same.prompt_field = \"\" for none", "data.sources.empty.text_field",
                "the value must be a text that is not empty",
                "its keys are path, weight, epochs, text_field, prompt_field, messages_field")) {
            assertTrue(told.contains(part), part + " in " + told);
        }
        String template = String.valueOf(problems(List.of("data.sources.talks.path=" + file,
                "data.sources.talks.messages_field=m")).getMessage());
        assertTrue(template.contains("data.sources.talks.messages_field = \"m\"")
                && template.contains("name one with data.chat_template = FILE"), template);
    }

    private static ConfigException problems(List<String> given) {
        return assertThrows(ConfigException.class,
                () -> new ConfigLoader(Plugins.load()).load("deepseek_v3_debugmodel_minimal_async_ep",
                        Arguments.of(given.toArray(String[]::new)).overrides(), ConfigUse.training()));
    }

    private static SourceFields validation(List<String> given, String... more) {
        List<String> all = new ArrayList<>(given);
        all.addAll(List.of(more));
        TrainerConfig config = ConfigLoader.unchecked(NamedConfigs.PLAIN,
                Arguments.of(all.toArray(String[]::new)).overrides());
        return SourceFields.of(config.data(), config.validation().source());
    }

    private static SourceFields fields(DataConfig data, String source) {
        return SourceFields.of(data, Objects.requireNonNull(data.sources().get(source)));
    }
}
