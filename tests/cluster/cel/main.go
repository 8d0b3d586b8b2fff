// What cel-go makes of expressions, with the options that Flux uses for its
// health checks: lines of JSON in, lines of JSON out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
)

// question is an expression and the object whose fields are its variables.
type question struct {
	Expression string         `json:"expression"`
	Object     map[string]any `json:"object"`
}

// answer is one of three: what it comes to, why it has no answer, or why it is
// not an expression.
type answer struct {
	Holds   *bool  `json:"holds,omitempty"`
	Fault   string `json:"fault,omitempty"`
	Refused string `json:"refused,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	env, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		ext.Strings(),
		ext.Sets(),
		ext.Encoders(),
	)
	if err != nil {
		return fmt.Errorf("making the environment: %w", err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return fmt.Errorf("reading a question: %w", err)
		}
		whole(asked.Object)
		if err := out.Encode(answerTo(env, asked)); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
	}
	return lines.Err()
}

func answerTo(env *cel.Env, asked question) answer {
	tree, issues := env.Parse(asked.Expression)
	if issues != nil && issues.Err() != nil {
		return answer{Refused: issues.Err().Error()}
	}
	// Without the optimisation that evaluates parts which need no object
	// beforehand, and so finds faults that the rest would have passed over.
	program, err := env.Program(tree)
	if err != nil {
		return answer{Fault: err.Error()}
	}
	value, _, err := program.Eval(asked.Object)
	if err != nil {
		return answer{Fault: err.Error()}
	}
	if holds, ok := value.(types.Bool); ok {
		return answer{Holds: (*bool)(&holds)}
	}
	return answer{Fault: fmt.Sprintf("it gives %s", value.Type().TypeName())}
}

// whole makes whole numbers of those that JSON wrote without a point, as
// Kubernetes reads its objects.
func whole(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			value[key] = whole(inner)
		}
	case []any:
		for at, inner := range value {
			value[at] = whole(inner)
		}
	case float64:
		if number := int64(value); float64(number) == value {
			return number
		}
	}
	return value
}
