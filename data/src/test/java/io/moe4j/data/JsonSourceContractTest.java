package io.moe4j.data;

import io.moe4j.api.text.SourceProvider;
import io.moe4j.tests.contract.SourceContract;
import java.util.List;
import java.util.Optional;

class JsonSourceContractTest extends SourceContract {

    @Override
    protected SourceProvider provider() {
        return new JsonSourceProvider();
    }

    @Override
    protected String fileName() {
        return "x.jsonl";
    }

    @Override
    protected byte[] file(List<String> texts) {
        StringBuilder lines = new StringBuilder();
        texts.forEach(text -> lines.append("{\"text\":\"")
                .append(text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\t", "\\t"))
                .append("\"}\n"));
        return Texts.bytes(lines.toString());
    }

    @Override
    protected Optional<byte[]> fileWithABadLine(String before, String after) {
        return Optional.of(Texts.bytes("{\"text\":\"" + before + "\"}\n{\"text\":\n{\"text\":\"" + after + "\"}\n"));
    }
}
