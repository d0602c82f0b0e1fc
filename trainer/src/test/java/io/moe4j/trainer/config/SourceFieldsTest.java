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

    private static SourceFields fields(DataConfig data, String source) {
        return SourceFields.of(data, Objects.requireNonNull(data.sources().get(source)));
    }
}
