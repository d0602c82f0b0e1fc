package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Arithmetic;
import io.moe4j.chattemplate.python.Case;
import io.moe4j.chattemplate.python.Comparison;
import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.Function;
import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.Markup;
import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.Subscripts;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Types;
import io.moe4j.chattemplate.python.Undefined;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Tests: {@code value is defined}. */
final class Tests {
    /** The tests that check whether a filter or test of a given name exists. */
    static final Set<String> ABOUT_NAMES = Set.of("filter", "test");

    private Tests() {}

    static Library.@Nullable Test find(String name) {
        return switch (name) {
            case "defined" -> plain(name, value -> !(value instanceof Undefined));
            case "undefined" -> plain(name, value -> value instanceof Undefined);
            case "none" -> plain(name, value -> value == None.NONE);
            case "boolean" -> plain(name, value -> value instanceof Boolean);
            case "true" -> plain(name, value -> value.equals(true));
            case "false" -> plain(name, value -> value.equals(false));
            case "integer" -> plain(name, value -> value instanceof Long);
            case "float" -> plain(name, value -> value instanceof Double);
            case "number" -> plain(name, Types::isNumber);
            case "string" -> plain(name, Types::isText);
            case "mapping" -> plain(name, value -> value instanceof Dict);
            case "sequence" -> plain(name,
                    value -> Subscripts.isSequence(value) || value instanceof Dict || value instanceof Undefined);
            case "iterable" -> plain(name, value -> Iteration.isIterable(value) || value instanceof Loop);
            case "callable" -> plain(name, value -> value instanceof Function || value instanceof Undefined);
            case "escaped" -> plain(name, value -> value instanceof Markup);
            case "lower" -> plain(name, value -> Case.isLower(Text.str(value)));
            case "upper" -> plain(name, value -> Case.isUpper(Text.str(value)));
            case "odd" -> plain(name, value -> Comparison.equal(Arithmetic.apply("%", value, 2L), 1L));
            case "even" -> plain(name, value -> Comparison.equal(Arithmetic.apply("%", value, 2L), 0L));
            case "divisibleby" -> (value, arguments) -> Comparison
                    .equal(Arithmetic.apply("%", value, arguments.required(name, "num")), 0L);
            case "sameas" -> (value, arguments) -> same(value, arguments.required(name, "other"));
            case "in" -> (value, arguments) -> Comparison.contains(arguments.required(name, "seq"), value);
            default -> comparison(name);
        };
    }

    private static Library.Test plain(String name, Predicate<Object> test) {
        return (value, arguments) -> {
            arguments.bind(name);
            return test.test(value);
        };
    }

    @SuppressWarnings("ReferenceEquality") // that is what it asks
    private static boolean same(Object value, Object other) {
        return value == other || (value instanceof Boolean && value.equals(other))
                || (value instanceof Long && value.equals(other)) || (value instanceof String && value.equals(other));
    }

    private static Library.@Nullable Test comparison(String name) {
        String operator = switch (name) {
            case "==", "eq", "equalto" -> "==";
            case "!=", "ne" -> "!=";
            case ">", "gt", "greaterthan" -> ">";
            case ">=", "ge" -> ">=";
            case "<", "lt", "lessthan" -> "<";
            case "<=", "le" -> "<=";
            default -> "";
        };
        return operator.isEmpty() ? null : (Object value, Arguments arguments) -> Evaluator.holds(operator, value,
                arguments.required(name, "/other"));
    }
}
