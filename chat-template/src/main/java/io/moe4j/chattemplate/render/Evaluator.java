package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Arithmetic;
import io.moe4j.chattemplate.python.Comparison;
import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.Function;
import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.PyList;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Subscripts;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Truth;
import io.moe4j.chattemplate.python.Tuple;
import io.moe4j.chattemplate.python.Types;
import io.moe4j.chattemplate.python.Undefined;
import io.moe4j.chattemplate.syntax.Expression;
import io.moe4j.chattemplate.syntax.TemplateFault;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Computes the values of expressions. */
final class Evaluator {
    private final Budget budget;
    private final Library library;

    Evaluator(Budget budget, Library library) {
        this.budget = budget;
        this.library = library;
    }

    /** The value of an expression. */
    Object value(Expression expression, Scope scope) {
        try {
            budget.spend(1);
            return compute(expression, scope);
        } catch (PythonError e) {
            throw new TemplateFault(expression.at(), e);
        }
    }

    /** The value of an expression whose whole value is read. */
    Object read(Expression expression, Scope scope) {
        return budget.read(value(expression, scope));
    }

    /** Whether an expression counts as true. */
    boolean isTrue(Expression expression, Scope scope) {
        return Truth.of(value(expression, scope));
    }

    private Object compute(Expression expression, Scope scope) {
        return switch (expression) {
            case Expression.Literal literal -> literal.value();
            case Expression.Name name -> named(name.name(), scope);
            case Expression.ListOf list -> budget.made(PyList.of(values(list.items(), scope)));
            case Expression.TupleOf tuple -> budget.made(Tuple.of(values(tuple.items(), scope)));
            case Expression.DictOf dict -> budget.made(dict(dict, scope));
            case Expression.Attribute attribute -> Lookup.attribute(read(attribute.of(), scope),
                    attribute.name());
            case Expression.Item item when item.key() instanceof Expression.Slice slice -> budget.made(Subscripts.slice(
                    read(item.of(), scope), bound(slice.from(), scope), bound(slice.to(), scope),
                    bound(slice.step(), scope)));
            case Expression.Item item -> Lookup.item(read(item.of(), scope), value(item.key(), scope));
            case Expression.Slice slice -> throw new PythonError("a slice is for one list or text; write value[1:3]");
            case Expression.Call call -> budget
                    .fresh(call(value(call.function(), scope), arguments(call.arguments(), scope)));
            case Expression.Filter filter -> filtered(filter, read(filter.of().orElseThrow(), scope), scope);
            case Expression.Test test -> library.test(test.name(), value(test.of(), scope),
                    arguments(test.arguments(), scope));
            case Expression.Unary unary when unary.operator().equals("not") -> !isTrue(unary.of(), scope);
            case Expression.Unary unary -> Arithmetic.signed(unary.operator(), value(unary.of(), scope));
            case Expression.Binary binary -> budget.made(Arithmetic.apply(binary.operator(),
                    value(binary.left(), scope), value(binary.right(), scope)));
            case Expression.Logical logical -> {
                Object left = value(logical.left(), scope);
                yield Truth.of(left) == logical.and() ? value(logical.right(), scope) : left;
            }
            case Expression.Concat concat -> budget.made(concat(concat, scope));
            case Expression.Compare compare -> compare(compare, scope);
            case Expression.Conditional conditional -> isTrue(conditional.test(), scope)
                    ? value(conditional.then(), scope)
                    : conditional.otherwise().isPresent() ? value(conditional.otherwise().get(), scope)
                            : Undefined.missing("the condition is false, and there is no else");
        };
    }

    private Object named(String name, Scope scope) {
        Object value = scope.get(name);
        return value != null ? value : library.global(name)
                .orElseGet(() -> Undefined.missing("there is no variable \"" + name + "\""));
    }

    private List<Object> values(List<Expression> expressions, Scope scope) {
        List<Object> values = new ArrayList<>();
        expressions.forEach(each -> values.add(value(each, scope)));
        return values;
    }

    private Object bound(Optional<Expression> bound, Scope scope) {
        return bound.isPresent() ? value(bound.get(), scope) : None.NONE;
    }

    private Dict dict(Expression.DictOf dict, Scope scope) {
        Dict.Builder builder = new Dict.Builder();
        dict.pairs().forEach(pair -> builder.put(value(pair.key(), scope), value(pair.value(), scope)));
        return builder.build();
    }

    private static Object call(Object function, Arguments arguments) {
        if (Undefined.defined(function) instanceof Function callable) {
            return callable.call(arguments);
        }
        throw new PythonError(
                "a value of the type " + Types.name(function) + " cannot be called; remove the brackets after it");
    }

    /** The value of a call with further named arguments. */
    Object call(Expression.Call call, Map<String, Object> more, Scope scope) {
        Arguments given = arguments(call.arguments(), scope);
        Map<String, Object> named = new LinkedHashMap<>(given.named());
        named.putAll(more);
        return budget.fresh(call(value(call.function(), scope), new Arguments(given.positional(), named)));
    }

    /** The result of a filter for a value; for a chain of filters, of the value at its start. */
    Object filtered(Expression.Filter filter, Object value, Scope scope) {
        return budget.fresh(library.filter(filter.name(), value, arguments(filter.arguments(), scope)));
    }

    /** The result of a tag's chain of filters for a text. */
    Object filteredChain(Expression chain, String text, Scope scope) {
        Expression.Filter filter = (Expression.Filter) chain;
        Object of = filter.of().isPresent() ? filteredChain(filter.of().get(), text, scope) : text;
        try {
            return filtered(filter, of, scope);
        } catch (PythonError e) {
            throw new TemplateFault(filter.at(), e);
        }
    }

    Arguments arguments(Expression.Arguments given, Scope scope) {
        List<Object> positional = values(given.positional(), scope);
        Map<String, Object> named = new LinkedHashMap<>();
        given.named().forEach((name, each) -> named.put(name, value(each, scope)));
        given.spread().ifPresent(list -> positional.addAll(Iteration.items(value(list, scope))));
        given.spreadNamed().ifPresent(each -> spread(value(each, scope), named));
        return new Arguments(positional, named);
    }

    private static void spread(Object value, Map<String, Object> named) {
        if (!(Undefined.defined(value) instanceof Dict dict)) {
            throw new PythonError("after ** there is a dict, and not a value of the type " + Types.name(value));
        }
        for (Dict.Entry entry : dict.entries()) {
            if (named.put(Types.text(entry.key(), "the name of an argument"), entry.value()) != null) {
                throw new PythonError("an argument is given twice: \"" + entry.key() + "\"; give it once");
            }
        }
    }

    private String concat(Expression.Concat concat, Scope scope) {
        StringBuilder all = new StringBuilder();
        for (Object each : values(concat.parts(), scope)) {
            String text = Text.str(each);
            Text.checkLength((long) all.length() + text.length());
            all.append(text);
        }
        return all.toString();
    }

    private boolean compare(Expression.Compare compare, Scope scope) {
        Object left = budget.compared(value(compare.first(), scope));
        for (Expression.Comparison link : compare.rest()) {
            Object right = budget.compared(value(link.right(), scope));
            if (!holds(link.operator(), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    /** Whether a comparison holds. */
    static boolean holds(String operator, Object left, Object right) {
        return switch (operator) {
            case "==" -> Comparison.equal(left, right);
            case "!=" -> !Comparison.equal(left, right);
            case "in" -> Comparison.contains(right, left);
            case "not in" -> !Comparison.contains(right, left);
            default -> {
                int order = Comparison.order(left, right, operator);
                yield !Comparison.isNan(left) && !Comparison.isNan(right) && switch (operator) {
                    case "<" -> order < 0;
                    case "<=" -> order <= 0;
                    case ">" -> order > 0;
                    default -> order >= 0;
                };
            }
        };
    }

    /** The value of an optional expression; null if it is missing. */
    @Nullable
    Object orNull(@Nullable Expression expression, Scope scope) {
        return expression == null ? null : value(expression, scope);
    }
}
