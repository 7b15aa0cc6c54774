// Asks Go itself: a question a line, an answer a line, both as JSON. Strings are bytes, each as the
// character of its number.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
)

func bytesOf(text string) string {
	bytes := make([]byte, 0, len(text))
	for _, r := range text {
		bytes = append(bytes, byte(r))
	}
	return string(bytes)
}

func textOf(bytes string) string {
	text := make([]rune, 0, len(bytes))
	for i := 0; i < len(bytes); i++ {
		text = append(text, rune(bytes[i]))
	}
	return string(text)
}

func answer(question []string) any {
	args := make([]string, 0, len(question))
	for _, text := range question[1:] {
		args = append(args, bytesOf(text))
	}
	switch question[0] {
	case "match":
		matched, err := filepath.Match(args[0], args[1])
		if err != nil {
			return nil
		}
		return matched
	case "clean":
		return textOf(path.Clean(args[0]))
	case "quote":
		return textOf(strconv.Quote(args[0]))
	case "quoteRune":
		number, _ := strconv.Atoi(args[0])
		return textOf(fmt.Sprintf("%q", number))
	case "trim":
		return textOf(strings.TrimSpace(args[0]))
	case "space":
		// All characters that are space.
		spaces := []int{}
		for r := rune(0); r <= unicode.MaxRune; r++ {
			if unicode.IsSpace(r) {
				spaces = append(spaces, int(r))
			}
		}
		return spaces
	case "printable":
		printable := []int{}
		for r := rune(0); r <= unicode.MaxRune; r++ {
			if strconv.IsPrint(r) {
				printable = append(printable, int(r))
			}
		}
		return printable
	case "parseDuration":
		duration, err := time.ParseDuration(args[0])
		if err != nil {
			return nil
		}
		return strconv.FormatInt(int64(duration), 10)
	case "formatDuration":
		number, _ := strconv.ParseInt(args[0], 10, 64)
		return textOf(time.Duration(number).String())
	}
	panic("no such question: " + question[0])
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	decoder := json.NewDecoder(in)
	encoder := json.NewEncoder(out)
	for decoder.More() {
		var question []string
		if err := decoder.Decode(&question); err != nil {
			panic(err)
		}
		if err := encoder.Encode(answer(question)); err != nil {
			panic(err)
		}
	}
}
