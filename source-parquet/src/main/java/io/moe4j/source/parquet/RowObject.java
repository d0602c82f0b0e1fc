package io.moe4j.source.parquet;

import dev.hardwood.row.FieldAccessor;
import dev.hardwood.row.PqList;
import dev.hardwood.row.PqMap;
import dev.hardwood.row.PqStruct;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A row as a JSON object: lists and structs as lists and objects, texts and bytes as texts. A Parquet struct has the same fields in all rows, with null for
 * keys that an object lacked. So null fields of structs are left out, except {@code content}, which may be null in a message with tool calls.
 */
final class RowObject {
    private static final String CONTENT = "content";

    private final StringBuilder json = new StringBuilder();

    private RowObject() {}

    /**
     * Writes a row.
     *
     * @throws CharacterCodingException if bytes are not UTF-8
     * @throws IllegalArgumentException if a value has no form in JSON
     */
    static String of(FieldAccessor row) throws CharacterCodingException {
        RowObject object = new RowObject();
        object.fields(row, true);
        return object.json.toString();
    }

    private void fields(FieldAccessor of, boolean nulls) throws CharacterCodingException {
        json.append('{');
        boolean first = true;
        for (int i = 0; i < of.getFieldCount(); i++) {
            String name = of.getFieldName(i);
            Object value = of.isNull(name) ? null : of.getValue(name);
            if (value != null || nulls || name.equals(CONTENT)) {
                json.append(first ? "" : ",");
                text(name);
                json.append(':');
                value(value);
                first = false;
            }
        }
        json.append('}');
    }

    private void value(@Nullable Object value) throws CharacterCodingException {
        switch (value) {
            case null -> json.append("null");
            case String text -> text(text);
            case byte[] bytes -> text(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
            case Boolean bool -> json.append(bool);
            case Number number -> json.append(number);
            case PqStruct struct -> fields(struct, false);
            case PqList list -> {
                json.append('[');
                for (int i = 0; i < list.size(); i++) {
                    json.append(i == 0 ? "" : ",");
                    value(list.isNull(i) ? null : list.get(i));
                }
                json.append(']');
            }
            case PqMap map -> {
                json.append('{');
                boolean first = true;
                for (PqMap.Entry entry : map.getEntries()) {
                    json.append(first ? "" : ",");
                    text(String.valueOf(entry.getKey()));
                    json.append(':');
                    value(entry.isValueNull() ? null : entry.getValue());
                    first = false;
                }
                json.append('}');
            }
            // Dates and similar types, in their usual written form.
            default -> text(value.toString());
        }
    }

    private void text(String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            switch (unit) {
                case '"', '\\' -> json.append('\\').append(unit);
                case '\n' -> json.append("\\n");
                default -> {
                    if (unit < ' ' || Character.isSurrogate(unit)) {
                        json.append("\\u").append(Integer.toHexString(0x10000 | unit), 1, 5);
                    } else {
                        json.append(unit);
                    }
                }
            }
        }
        json.append('"');
    }
}
